using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>A module that turns samples into logits, with its tensors in flat buffers.</summary>
/// <param name="module">Takes [N, …sampleShape], gives [N, classes]; owned.</param>
/// <param name="sampleShape">Dimensions of one sample.</param>
/// <param name="classCount">Logits per sample.</param>
/// <param name="tensors">The module's tensors; owned.</param>
/// <param name="start">Writes the first values, in the order of the layout.</param>
internal sealed class Network(nn.Module<Tensor, Tensor> module, IReadOnlyList<int> sampleShape, int classCount, FlatTensors tensors, FirstValues start) : IDisposable
{
    public nn.Module<Tensor, Tensor> Module => module;

    public IReadOnlyList<int> SampleShape => sampleShape;

    public int FeatureCount { get; } = sampleShape.Aggregate(1, (product, size) => checked(product * size));

    public int ClassCount => classCount;

    public FlatTensors Tensors => tensors;

    /// <summary>True where the module may draw numbers while it trains, as dropout does.</summary>
    public bool MayDraw { get; init; }

    public void Initialize(ulong seed) => start(seed, tensors.Values);

    /// <summary>The shape of a batch.</summary>
    public long[] BatchShape(int rows) => [rows, .. sampleShape.Select(size => (long)size)];

    public void Dispose()
    {
        tensors.Dispose();
        module.Dispose();
    }
}

/// <summary>Writes a model's first values.</summary>
internal delegate void FirstValues(ulong seed, Span<float> values);
