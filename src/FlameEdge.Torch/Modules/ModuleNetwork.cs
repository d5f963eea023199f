using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>Takes in a module that the program brought along, after a trial with one sample.</summary>
internal static class ModuleNetwork
{
    private const ulong FrozenSeed = 0;

    /// <exception cref="ModelMismatchException">The module does not take such samples or does not give one logit per class.</exception>
    public static Network Of(ModelSpec spec, ModuleFactory create, IReadOnlyList<int> sampleShape, int classCount)
    {
        var module = Fresh(create, sampleShape, classCount, FrozenSeed);
        Network? network = null;
        try
        {
            Try(module, spec, sampleShape, classCount);
            var tensors = FlatTensors.Of(module, spec);
            network = new Network(module, sampleShape, classCount, tensors, (seed, values) => Draw(spec, create, sampleShape, classCount, seed, values)) { MayDraw = true };
            return network;
        }
        finally
        {
            if (network is null)
            {
                module.Dispose();
            }
        }
    }

    private static nn.Module<Tensor, Tensor> Fresh(ModuleFactory create, IReadOnlyList<int> sampleShape, int classCount, ulong seed)
    {
        using var turn = SharedGenerator.Seed(seed);
        return create(sampleShape, classCount);
    }

    // A module draws its start when it is made: another one is made, and gives its values away.
    private static void Draw(ModelSpec spec, ModuleFactory create, IReadOnlyList<int> sampleShape, int classCount, ulong seed, Span<float> values)
    {
        using var other = Fresh(create, sampleShape, classCount, seed);
        using var tensors = FlatTensors.Of(other, spec);
        tensors.Values.CopyTo(values);
    }

    private static void Try(nn.Module<Tensor, Tensor> module, ModelSpec spec, IReadOnlyList<int> sampleShape, int classCount)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        module.eval();
        Tensor logits;
        try
        {
            logits = module.call(zeros([1, .. sampleShape.Select(size => (long)size)]));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new ModelMismatchException(
                $"the module '{spec.Module}' does not take samples [{string.Join(", ", sampleShape)}]: {exception.Message.Split('\n')[0].Trim()}", exception);
        }

        if (!logits.shape.AsSpan().SequenceEqual([1, classCount]))
        {
            throw new ModelMismatchException($"the module '{spec.Module}' must give [1, {classCount}] for one sample, one logit per class, not [{string.Join(", ", logits.shape)}]");
        }
    }
}
