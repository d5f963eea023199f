using System.IO.Hashing;
using System.Runtime.InteropServices;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Networks;

/// <summary>A backbone that an engine computes: its model up to a tap point. The same parameters give the same content hash on every engine.</summary>
/// <remarks>Owns its trainer and never trains it. Open it without frozen tensors: those are outside the layout, and the hash would not see them.</remarks>
public sealed class TrainerBackbone : IBackbone
{
    private readonly ITrainer trainer;
    private readonly IGradientPass pass;
    private readonly int classCount;

    /// <summary>The model of <paramref name="trainer"/>, with the parameters it has now, up to <paramref name="tap"/>.</summary>
    /// <exception cref="ArgumentException">The trainer shows no such tap point.</exception>
    public TrainerBackbone(ITrainer trainer, string tap, int sampleSize, int classCount)
    {
        var point = (trainer as IGradientSource)?.TapPoints.FirstOrDefault(point => point.Name == tap)
            ?? throw new ArgumentException($"the model has no tap point '{tap}'", nameof(tap));
        (this.trainer, this.classCount, SampleSize) = (trainer, classCount, sampleSize);
        FeatureCount = point.Shape.Aggregate(1, (product, size) => product * size);
        pass = ((IGradientSource)trainer).OpenPass([tap]);
        ContentHash = Hash(trainer, point);
    }

    /// <inheritdoc/>
    public ulong ContentHash { get; }

    /// <inheritdoc/>
    public int SampleSize { get; }

    /// <inheritdoc/>
    public int FeatureCount { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<float> Apply(ReadOnlyMemory<float> samples)
    {
        if (samples.IsEmpty)
        {
            return samples;
        }

        pass.Forward(samples, new float[samples.Length / SampleSize * classCount]);
        return pass.Activation(0).ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        pass.Dispose();
        trainer.Dispose();
    }

    // Engines name their tap points differently; kind and shape they have in common.
    private static ulong Hash(ITrainer trainer, TapPoint point)
    {
        var parameters = new float[trainer.Layout.Length];
        trainer.Save(parameters);
        var hash = new XxHash3();
        hash.Append(MemoryMarshal.AsBytes<float>(parameters));
        hash.Append(System.Text.Encoding.UTF8.GetBytes($"{trainer.Layout.Signature}|{point.Kind.ToUpperInvariant()}|{string.Join(',', point.Shape)}"));
        return hash.GetCurrentHashAsUInt64();
    }
}
