using System.IO.Hashing;
using System.Text;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Tests.Oracle;

/// <summary>One computation said twice: in ONNX operators and in torch.</summary>
/// <param name="Name">The operator, then what is special.</param>
/// <param name="Operands">What it begins with.</param>
/// <param name="Onnx">Appends the nodes; its values are compared and lead to the loss.</param>
/// <param name="Torch">The same by torch.</param>
internal sealed record OracleCase(string Name, Operand[] Operands, Func<GraphWriter, Value[], Value[]> Onnx, Func<Tensor[], Tensor[]> Torch)
{
    public string Operator => Name.Split(' ')[0];

    public long Opset { get; init; } = 17;

    /// <summary>True where axis 0 of the first operand may be an open batch: the case is then run that way, too.</summary>
    public bool HasBatch { get; init; }

    public ulong Seed => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Name));

    /// <summary>A node of the name's operator that takes the operands in their order.</summary>
    public static OracleCase Node(string name, Operand[] operands, Func<Tensor[], Tensor> torch, params AttributeProto[] attributes) =>
        new(name, operands, (graph, values) => [graph.Op(name.Split(' ')[0], values, attributes)], tensors => [torch(tensors)]);

    /// <summary>Any nodes with one result.</summary>
    public static OracleCase Graph(string name, Operand[] operands, Func<GraphWriter, Value[], Value> onnx, Func<Tensor[], Tensor> torch) =>
        new(name, operands, (graph, values) => [onnx(graph, values)], tensors => [torch(tensors)]);

    /// <summary>The same case, run with an open batch as well.</summary>
    public OracleCase Batched() => this with { HasBatch = true };

    public OracleCase At(long opset) => this with { Opset = opset };

    public float[] ValuesOf(int operand) => Operands[operand].Values(Seed, operand);
}
