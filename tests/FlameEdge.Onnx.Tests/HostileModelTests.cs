using System.Diagnostics;
using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Tests.Rules;
using FlameEdge.Topology;
using Google.Protobuf;

namespace FlameEdge.Onnx.Tests;

/// <summary>Small files that ask for much: each is refused with one line, in no time, for no memory.</summary>
public class HostileModelTests
{
    private const long FewBytes = 16 << 20;
    private const long Much = 1L << 40;

    private static readonly Dictionary<string, Func<GraphWriter, Value, Value>> s_graphs = new(StringComparer.Ordinal)
    {
        ["a constant of a terabyte"] = (w, x) => x + w.Op("ReduceSum", [w.Zeros(w.Integers(Much))], Attributes.Of("keepdims", 0)),
        ["a constant of a computed size"] = (w, x) =>
            x + w.Op("ReduceSum", [w.Zeros(w.Op("Mul", w.Integers(1 << 20), w.Integers(1 << 20)))], Attributes.Of("keepdims", 0)),
        ["a constant of a size nobody can tell"] = (w, x) =>
            x + w.Op("ReduceSum", [w.Zeros(w.Op("CumSum", w.Integers(1 << 15, 1 << 15, 1 << 15), w.Integer(0)))], Attributes.Of("keepdims", 0)),
        ["an expanded scalar"] = (w, x) => x + w.Op("ReduceSum", [w.Op("Expand", w.Scalar(1), w.Integers(1 << 20, 1 << 20))], Attributes.Of("keepdims", 0)),
        ["a tile"] = (w, x) => w.Op("ReduceMax", [w.Op("Tile", x, w.Integers(1, 1 << 30))], Attributes.Of("axes", [1L])) + x,
        ["a range"] = (w, x) => x + w.Op("ReduceSum", [w.Op("Range", w.Integer(0), w.Integer(Much), w.Integer(1))], Attributes.Of("keepdims", 0)).ToFloat(),
        ["padding"] = (w, x) => w.Op("ReduceMax", [w.Op("Pad", x, w.Integers(0, 0, 0, int.MaxValue - 8))], Attributes.Of("axes", [1L])) + x,
        ["padding of a convolution"] = (w, x) => Shrunk(w, w.Op(
            "Conv", [x.Reshape(-1, 1, 4), ModelBytes.Weight(w, 1, 1, 3)], Attributes.Of("pads", [1L << 29, 1L << 29]))),
        ["many small constants"] = (w, x) => Enumerable.Range(0, 3).Aggregate(x, (sum, i) =>
            sum + w.Op("ReduceSum", [w.Zeros(w.Integers((1 << 25) + i))], Attributes.Of("keepdims", 0))),
        ["strides of zero"] = (w, x) => Shrunk(w, w.Op("Conv", [x.Reshape(-1, 1, 4), ModelBytes.Weight(w, 1, 1, 3)], Attributes.Of("strides", [0L]))),
        ["a group of zero"] = (w, x) => Shrunk(w, w.Op("Conv", [x.Reshape(-1, 1, 4), ModelBytes.Weight(w, 1, 1, 3)], Attributes.Of("group", 0))),
        ["a negative window"] = (w, x) => Shrunk(w, w.Op("MaxPool", [x.Reshape(-1, 1, 4)], Attributes.Of("kernel_shape", [-3L]))),
        ["a window of a wrong rank"] = (w, x) => Shrunk(w, w.Op("MaxPool", [x.Reshape(-1, 1, 4)], Attributes.Of("kernel_shape", [2L, 2]))),
        ["no window"] = (w, x) => Shrunk(w, w.Op("MaxPool", x.Reshape(-1, 1, 4))),
        ["an attribute of a wrong type"] = (w, x) => w.Op("Transpose", [x], Attributes.Of("perm", "upside down")),
        ["an axis out of range"] = (w, x) => w.Op("Softmax", [x], Attributes.Of("axis", 9)),
        ["a tensor with an empty axis"] = (w, x) => w.Op("MatMul", x, w.Tensor([4, 0], [])),
        ["a dimension below zero"] = (w, x) => w.Op("Expand", x, w.Integers(-5, -4)),
    };

    public static TheoryData<string> Graphs => [.. s_graphs.Keys];

    [Theory]
    [MemberData(nameof(Graphs))]
    public void A_graph_that_asks_for_too_much_is_refused(string name) =>
        AssertRefused(ModelBytes.Of(["N", 4], (w, x) => w.Op("Gemm", s_graphs[name](w, x), ModelBytes.Weight(w, 4, 3))).ToByteArray());

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var graph = new GraphProto();
        for (var depth = 0; depth < 500; depth++)
        {
            var node = new NodeProto { OpType = "If", Attribute = { new AttributeProto { Name = "then_branch", G = graph } } };
            graph = new GraphProto { Node = { node } };
        }

        AssertRefused(new ModelProto { Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }.ToByteArray());
    }

    [Fact]
    public void More_nodes_than_the_limit_are_refused() => AssertRefused(Chain(SizeLimits.MaxNodes).ToByteArray());

    [Fact]
    public void Duplicate_names_are_refused()
    {
        var model = ModelBytes.Classifier();
        model.Graph.Node.Add(model.Graph.Node[0].Clone());

        AssertRefused(model.ToByteArray());
    }

    [Fact]
    public void An_opened_long_chain_is_no_reason_to_refuse() => ModelBytes.WithFile(Chain(1500), path => Open(path).Dispose());

    private static ModelProto Chain(int length) => ModelBytes.Of(["N", 4], (w, x) =>
        Enumerable.Range(0, length).Aggregate(w.Op("Gemm", x, ModelBytes.Weight(w, 4, 3)), (value, _) => w.Op("Tanh", value)));

    private static Value Shrunk(GraphWriter writer, Value value) => writer.Op("Flatten", writer.Op("GlobalAveragePool", value));

    private static void AssertRefused(byte[] bytes) => ModelBytes.WithFile(bytes, path =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var resident = Process.GetCurrentProcess().WorkingSet64;
        var watch = Stopwatch.StartNew();

        var refusal = Assert.Throws<ModelMismatchException>(() => Open(path));

        Assert.DoesNotContain('\n', refusal.Message);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FewBytes);
        Assert.True(Process.GetCurrentProcess().WorkingSet64 - resident < 20 * FewBytes);
    });

    private static OnnxTrainer Open(string path) =>
        (OnnxTrainer)new OnnxEngine().Open(new ModelSpec { Kind = "onnx", Path = path }, [4], 3, new TrainingSpec());
}
