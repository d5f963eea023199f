using System.Diagnostics;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Topology;
using Google.Protobuf;

namespace FlameEdge.Onnx.Tests;

/// <summary>Damaged files: whatever is done to the bytes or the fields of a model, it opens or it is refused with a line.</summary>
public class MutationTests
{
    private const long FewBytes = 16 << 20;

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 9).Select(seed => (ulong)seed)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Damaged_bytes_open_or_are_refused(ulong seed)
    {
        var generator = new PortableRandom(seed, 1);
        for (var mutant = 0; mutant < 20; mutant++)
        {
            var bytes = Network().ToByteArray();
            for (var change = generator.Below(4); change >= 0; change--)
            {
                bytes[generator.Below(bytes.Length)] = (byte)generator.Below(256);
            }

            Survives(generator.Below(5) == 0 ? bytes[..generator.Below(bytes.Length)] : bytes, $"seed {seed}, mutant {mutant}");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Swapped_fields_open_or_are_refused(ulong seed)
    {
        var generator = new PortableRandom(seed, 2);
        for (var mutant = 0; mutant < 20; mutant++)
        {
            var model = Network();
            for (var change = generator.Below(3); change >= 0; change--)
            {
                Change(model.Graph, generator);
            }

            Survives(model.ToByteArray(), $"seed {seed}, mutant {mutant}");
        }
    }

    private static void Survives(byte[] bytes, string which) => ModelBytes.WithFile(bytes, path =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var failure = Record.Exception(() =>
        {
            using var trainer = new OnnxEngine().Open(new ModelSpec { Kind = "onnx", Path = path }, [2, 6, 6], 3, new TrainingSpec());
        });

        Assert.True(failure is null or ModelMismatchException, $"{which}: {failure}");
        Assert.DoesNotContain('\n', failure?.Message ?? "");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"{which} took {watch.Elapsed}");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FewBytes);
    });

    private static void Change(GraphProto graph, PortableRandom generator)
    {
        var node = graph.Node[generator.Below(graph.Node.Count)];
        var other = graph.Node[generator.Below(graph.Node.Count)];
        var attribute = node.Attribute.Count > 0 ? node.Attribute[generator.Below(node.Attribute.Count)] : null;
        var tensor = graph.Initializer[generator.Below(graph.Initializer.Count)];
        long[] numbers = [0, -1, 1, 2, 7, 1 << 20, int.MaxValue, long.MinValue, long.MaxValue];
        var number = numbers[generator.Below(numbers.Length)];
        switch (generator.Below(12))
        {
            case 0 when attribute is not null:
                node.Attribute.Remove(attribute);
                break;
            case 1 when attribute?.Ints.Count > 0:
                attribute.Ints[generator.Below(attribute.Ints.Count)] = number;
                break;
            case 2 when attribute is not null:
                attribute.I = number;
                break;
            case 3 when attribute is not null:
                attribute.Type = (AttributeProto.Types.AttributeType)generator.Below(12);
                break;
            case 4 when attribute is not null:
                attribute.Ints.Add(number);
                break;
            case 5:
                (node.OpType, other.OpType) = (other.OpType, node.OpType);
                break;
            case 6 when node.Input.Count > 0 && other.Input.Count > 0:
                node.Input[generator.Below(node.Input.Count)] = other.Input[generator.Below(other.Input.Count)];
                break;
            case 7 when node.Input.Count > 0:
                node.Input.RemoveAt(node.Input.Count - 1);
                break;
            case 8:
                node.Output.Add(other.Output[0]);
                break;
            case 9 when tensor.Dims.Count > 0:
                tensor.Dims[generator.Below(tensor.Dims.Count)] = number;
                break;
            case 10:
                tensor.DataType = generator.Below(20);
                break;
            case 11 when tensor.DataType == (int)TensorProto.Types.DataType.Int64 && tensor.RawData.Length >= 8:
                var values = Tensors.Integers(tensor);
                values[generator.Below(values.Length)] = number;
                graph.Initializer[graph.Initializer.IndexOf(tensor)] = Tensors.Of(tensor.Name, tensor.Dims, values);
                break;
        }
    }

    // A bit of everything that has attributes, axes or sizes.
    private static ModelProto Network() => ModelBytes.Of(["N", 2, 6, 6], (w, x) =>
    {
        var convolved = w.Op(
            "Conv",
            [x, ModelBytes.Weight(w, 4, 1, 3, 3), ModelBytes.Weight(w, 4)],
            Attributes.Of("group", 2),
            Attributes.Of("kernel_shape", [3L, 3]),
            Attributes.Of("strides", [1L, 1]),
            Attributes.Of("dilations", [1L, 1]),
            Attributes.Of("pads", [1L, 1, 1, 1]));
        var normalized = w.Op("BatchNormalization", 3, [convolved, .. Enumerable.Range(0, 4).Select(_ => ModelBytes.Weight(w, 4))], Attributes.Of("training_mode", 1))[0];
        var pooled = w.Op("MaxPool", [w.Op("Relu", normalized)], Attributes.Of("kernel_shape", [2L, 2]), Attributes.Of("strides", [2L, 2]), Attributes.Of("ceil_mode", 1));
        var raised = w.Op("ConvTranspose", [pooled, ModelBytes.Weight(w, 4, 2, 2, 2)], Attributes.Of("strides", [2L, 2]), Attributes.Of("output_padding", [0L, 0]));
        var averaged = w.Op("AveragePool", [raised], Attributes.Of("kernel_shape", [3L, 3]), Attributes.Of("auto_pad", "SAME_UPPER"));
        var turned = w.Op("Transpose", [w.Op("Pad", averaged, w.Integers(0, 0, 1, 0, 0, 0, 0, 1))], Attributes.Of("perm", [0L, 2, 3, 1]));
        var parts = w.Op("Split", 2, [turned], Attributes.Of("axis", 3));
        var joined = w.Op("Concat", [w.Op("Expand", parts[0], w.Integers(1, 7, 7, 1)), w.Op("Tile", parts[1], w.Integers(1, 1, 1, 2))], Attributes.Of("axis", -1));
        var sliced = w.Op("Slice", joined, w.Integers(1), w.Integers(7), w.Integers(2));
        var gathered = w.Op("Gather", [sliced, w.Integers(0, 2, 2)], Attributes.Of("axis", 1));
        var reduced = w.Op("ReduceMean", [gathered], Attributes.Of("axes", [1L]), Attributes.Of("keepdims", 0));
        var rows = w.Op("Reshape", reduced, w.Op("Concat", [reduced.Size(0), w.Integers(-1)], Attributes.Of("axis", 0)));
        var soft = w.Op("Softmax", [w.Op("LayerNormalization", [rows, ModelBytes.Weight(w, 18)], Attributes.Of("axis", -1))], Attributes.Of("axis", 1));
        return w.Op("Gemm", [soft, ModelBytes.Weight(w, 3, 18), ModelBytes.Weight(w, 3)], Attributes.Of("transB", 1), Attributes.Of("alpha", 0.5f));
    });
}
