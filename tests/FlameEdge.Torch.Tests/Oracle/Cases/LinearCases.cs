using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Products of matrices.</summary>
internal static class LinearCases
{
    public static IEnumerable<OracleCase> All =>
    [
        .. Gemms,
        MatMul("plain", [3, 4], [4, 5]).Batched(),
        MatMul("stack by matrix", [2, 3, 4], [4, 5]).Batched(),
        MatMul("matrix by stack", [3, 4], [2, 4, 5]),
        MatMul("stack by stack", [2, 3, 4], [2, 4, 5]).Batched(),
        MatMul("broadcast left", [1, 3, 4], [6, 4, 5]),
        MatMul("broadcast both", [2, 1, 3, 4], [1, 3, 4, 2]),
        MatMul("four axes", [2, 3, 4, 5], [2, 3, 5, 2]).Batched(),
        MatMul("vector by matrix", [4], [4, 5]),
        MatMul("matrix by vector", [3, 4], [4]).Batched(),
        MatMul("vector by vector", [4], [4]),
        MatMul("vector by stack", [4], [2, 4, 3]),
        MatMul("stack by vector", [2, 3, 4], [4]).Batched(),
        Einsum("ij,jk->ik", [3, 4], [4, 5]),
        Einsum("bij,bjk->bik", [2, 3, 4], [2, 4, 5]),
        Einsum("bhid,bhjd->bhij", [2, 2, 3, 4], [2, 2, 5, 4]),
        Einsum("ij,kj->ki", [3, 4], [5, 4]),
        Einsum("i,j->ij", [3], [4]),
    ];

    private static IEnumerable<OracleCase> Gemms
    {
        get
        {
            long[][] biases = [[], [5], [1], [1, 5], [3, 1], [3, 5]];
            foreach (var (transA, transB) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
            {
                yield return Gemm(transA, transB, 1, 1, null);
                yield return Gemm(transA, transB, 0.5f, 2, [5]);
            }

            foreach (var bias in biases)
            {
                yield return Gemm(0, 1, 1.5f, -0.5f, bias);
            }

            yield return Gemm(0, 1, 1, 1, [1, 5], " open").Batched();
            yield return Gemm(0, 0, 1, 1, [5], " open").Batched();
        }
    }

    private static OracleCase Gemm(int transA, int transB, float alpha, float beta, long[]? bias, string note = "")
    {
        Operand[] operands = [transA == 1 ? X(4, 3) : X(3, 4), transB == 1 ? X(5, 4) : X(4, 5), .. bias is null ? [] : (Operand[])[X(bias)]];
        return Node(
            $"Gemm {transA}{transB} alpha {alpha} beta {beta} bias [{(bias is null ? "none" : string.Join(",", bias))}]{note}",
            operands,
            t =>
            {
                var product = alpha * matmul(transA == 1 ? t[0].t() : t[0], transB == 1 ? t[1].t() : t[1]);
                return bias is null ? product : product + (beta * t[2]);
            },
            A("transA", (long)transA),
            A("transB", (long)transB),
            A("alpha", alpha),
            A("beta", beta));
    }

    private static OracleCase MatMul(string note, long[] left, long[] right) => Node($"MatMul {note}", [X(left), X(right)], t => matmul(t[0], t[1]));

    private static OracleCase Einsum(string equation, long[] left, long[] right) =>
        Node($"Einsum {equation}", [X(left), X(right)], t => einsum(equation, t), A("equation", equation));
}
