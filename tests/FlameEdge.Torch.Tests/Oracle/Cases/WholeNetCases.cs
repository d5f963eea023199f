using FlameEdge.Onnx.Graphs;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Whole nets: operators as they meet each other.</summary>
internal static class WholeNetCases
{
    public const string Prefix = "Net";

    public static IEnumerable<OracleCase> All => [Mlp, LeNet, Residual(trained: false), Residual(trained: true), Transformer, SequenceCnn];

    private static OracleCase Mlp => Graph(
        "Net mlp",
        [X(6, 12), Weight(16, 12), X(16), Weight(9, 16), X(9), Weight(4, 9), X(4)],
        (g, v) => g.Op("LogSoftmax", [Gemm(g.Op("Tanh", Gemm(g.Op("Relu", Gemm(v[0], v[1], v[2])), v[3], v[4])), v[5], v[6])], A("axis", 1)),
        t => F.linear(F.linear(F.relu(F.linear(t[0], t[1], t[2])), t[3], t[4]).tanh(), t[5], t[6]).log_softmax(1)).Batched();

    private static OracleCase LeNet => Graph(
        "Net lenet",
        [X(3, 1, 16, 16), Weight(6, 1, 5, 5), X(6), Weight(16, 6, 5, 5), X(16), Weight(20, 64), X(20), Weight(10, 20), X(10)],
        (g, v) =>
        {
            var first = Pool(g.Op("Relu", g.Op("Conv", [v[0], v[1], v[2]], A("pads", [2, 2, 2, 2]))));
            var second = Pool(g.Op("Relu", g.Op("Conv", first, v[3], v[4])));
            return Gemm(g.Op("Relu", Gemm(g.Op("Flatten", second), v[5], v[6])), v[7], v[8]);
        },
        t =>
        {
            var first = F.max_pool2d(F.relu(F.conv2d(t[0], t[1], t[2], [1, 1], [2, 2])), 2);
            var second = F.max_pool2d(F.relu(F.conv2d(first, t[3], t[4])), 2);
            return F.linear(F.relu(F.linear(second.flatten(1), t[5], t[6])), t[7], t[8]);
        }).Batched();

    // A stride-2 start, then a block of a depthwise and a pointwise convolution beside its shortcut.
    private static OracleCase Residual(bool trained) => Graph(
        $"Net residual with {(trained ? "batch" : "stored")} statistics",
        [
            X(4, 3, 9, 9), Weight(8, 3, 3, 3), Weight(8, 1, 3, 3), Weight(8, 8, 1, 1), Weight(5, 8), X(5),
            .. Enumerable.Range(0, 3).SelectMany(_ => (Operand[])[Positive(8), X(8), Constant(8), Positive(8) with { IsTrained = false }]),
        ],
        (g, v) =>
        {
            Value Norm(Value x, int at) => trained
                ? g.Op("BatchNormalization", 3, [x, v[at], v[at + 1], v[at + 2], v[at + 3]], A("training_mode", 1))[0]
                : g.Op("BatchNormalization", x, v[at], v[at + 1], v[at + 2], v[at + 3]);

            var start = g.Op("Relu", Norm(g.Op("Conv", [v[0], v[1]], A("strides", [2, 2]), A("pads", [1, 1, 1, 1])), 6));
            var deep = g.Op("Relu", Norm(g.Op("Conv", [start, v[2]], A("group", 8), A("pads", [1, 1, 1, 1])), 10));
            var sum = g.Op("Relu", start + Norm(g.Op("Conv", deep, v[3]), 14));
            return Gemm(g.Op("Flatten", g.Op("GlobalAveragePool", sum)), v[4], v[5]);
        },
        t =>
        {
            Tensor Norm(Tensor x, int at) => F.batch_norm(x, t[at + 2].clone(), t[at + 3].clone(), t[at], t[at + 1], trained);

            var start = F.relu(Norm(F.conv2d(t[0], t[1], null, [2, 2], [1, 1]), 6));
            var deep = F.relu(Norm(F.conv2d(start, t[2], null, [1, 1], [1, 1], [1, 1], 8), 10));
            var sum = F.relu(start + Norm(F.conv2d(deep, t[3]), 14));
            return F.linear(sum.mean([2, 3]), t[4], t[5]);
        }).Batched();

    // One block before which tokens are embedded: two heads, a Gelu made of Erf, normalization before each part.
    private static OracleCase Transformer => Graph(
        "Net transformer block",
        [
            X(11, 8), X(5, 8), Weight(8, 24), X(24), Weight(8, 8), X(8), Weight(8, 16), X(16), Weight(16, 8), X(8), Positive(8), X(8), Positive(8), X(8), Weight(3, 8), X(3),
        ],
        (g, v) =>
        {
            var x = g.Op("Gather", v[0], g.Integers(s_tokens).Reshape(2, 5)) + v[1];
            var parts = g.Op("Split", 3, [g.Op("MatMul", Norm(x, 10), v[2]) + v[3]], A("axis", -1));
            var (query, key, value) = (Heads(parts[0], 0, 2, 1, 3), Heads(parts[1], 0, 2, 3, 1), Heads(parts[2], 0, 2, 1, 3));
            var attention = g.Op("Softmax", [0.5f * g.Op("MatMul", query, key)], A("axis", -1));
            var mixed = g.Op("MatMul", attention, value).Transpose(0, 2, 1, 3).Reshape(0, 0, 8);
            x += g.Op("MatMul", mixed, v[4]) + v[5];
            var wide = g.Op("MatMul", Norm(x, 12), v[6]) + v[7];
            var gelu = 0.5f * (wide * (g.Op("Erf", wide / g.Scalar(MathF.Sqrt(2))) + 1));
            x += g.Op("MatMul", gelu, v[8]) + v[9];
            return Gemm(g.Op("ReduceMean", [x], A("axes", [1]), A("keepdims", 0)), v[14], v[15]);

            Value Norm(Value tokens, int at) => g.Op("LayerNormalization", [tokens, v[at], v[at + 1]], A("axis", -1));
            Value Heads(Value tokens, params long[] order) => tokens.Reshape(0, 0, 2, 4).Transpose(order);
        },
        t =>
        {
            var x = t[0].index_select(0, tensor(s_tokens)).reshape(2, 5, 8) + t[1];
            var parts = (matmul(Norm(x, 10), t[2]) + t[3]).split(8, 2);
            var attention = (0.5f * matmul(Heads(parts[0]), Heads(parts[1]).transpose(2, 3))).softmax(3);
            var mixed = matmul(attention, Heads(parts[2])).permute(0, 2, 1, 3).reshape(2, 5, 8);
            x += matmul(mixed, t[4]) + t[5];
            x += matmul(F.gelu(matmul(Norm(x, 12), t[6]) + t[7]), t[8]) + t[9];
            return F.linear(x.mean([1]), t[14], t[15]);

            Tensor Norm(Tensor tokens, int at) => F.layer_norm(tokens, [8], t[at], t[at + 1]);
            Tensor Heads(Tensor tokens) => tokens.reshape(2, 5, 2, 4).permute(0, 2, 1, 3);
        });

    private static OracleCase SequenceCnn => Graph(
        "Net sequence cnn",
        [X(3, 4, 24), Weight(8, 4, 5), X(8), Weight(12, 8, 3), X(12), Weight(5, 12), X(5)],
        (g, v) =>
        {
            var first = g.Op("MaxPool", [g.Op("Elu", g.Op("Conv", [v[0], v[1], v[2]], A("pads", [2, 2])))], A("kernel_shape", [3]), A("strides", [2]));
            var second = g.Op("LeakyRelu", g.Op("Conv", [first, v[3], v[4]], A("dilations", [2])));
            return Gemm(g.Op("ReduceMax", [second], A("axes", [2]), A("keepdims", 0)), v[5], v[6]);
        },
        t =>
        {
            var first = F.max_pool1d(F.elu(F.conv1d(t[0], t[1], t[2], 1, 2), 1), 3, 2);
            var second = F.leaky_relu(F.conv1d(first, t[3], t[4], 1, 0, 2));
            return F.linear(second.amax([2]), t[5], t[6]);
        }).Batched();

    private static readonly long[] s_tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 10];

    // Deviation about 1 / sqrt(fan-in), so that values keep their size from layer to layer.
    private static Operand Weight(params long[] shape)
    {
        var deviation = 1 / Math.Sqrt(shape.Skip(1).Aggregate(1L, (product, size) => product * size));
        return new Operand(shape) { Draw = generator => deviation * generator.Normal() };
    }

    private static Value Gemm(Value x, Value weight, Value bias) => x.Graph.Op("Gemm", [x, weight, bias], A("transB", 1));

    private static Value Pool(Value x) => x.Graph.Op("MaxPool", [x], A("kernel_shape", [2, 2]), A("strides", [2, 2]));
}
