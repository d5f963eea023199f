using System.Runtime.InteropServices;
using FlameEdge.Models;
using FlameEdge.Topology;
using FlameEdge.Torch.Modules;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>Runs a network in evaluation form and scores its logits.</summary>
internal sealed class Scorer(Network network, TrainingSpec training) : IDisposable
{
    // Large enough to keep the matrix kernels busy, small enough that activations of a convolution stay within a few megabytes.
    private const int RowsPerRun = 256;

    private readonly Tensor _samples = zeros(network.BatchShape(RowsPerRun));

    public EvaluationResult Score(Dataset data, CancellationToken cancellationToken)
    {
        using var _ = no_grad();
        network.Module.eval();
        var (right, loss) = (0, 0.0);
        for (var row = 0; row < data.Count; row += RowsPerRun)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(RowsPerRun, data.Count - row);
            using var scope = NewDisposeScope();
            var logits = MemoryMarshal.Cast<byte, float>(LogitsOf(data, row, count).bytes);
            for (var i = 0; i < count; i++)
            {
                var label = data.Labels.Span[row + i];
                var own = logits.Slice(i * network.ClassCount, network.ClassCount);
                right += Scoring.ArgMax(own) == label ? 1 : 0;
                loss += Scoring.Loss(training, own, label);
            }
        }

        return data.Count == 0 ? new EvaluationResult(0, 0, 0) : new EvaluationResult(data.Count, (double)right / data.Count, loss / data.Count);
    }

    public void Dispose() => _samples.Dispose();

    private Tensor LogitsOf(Dataset data, int row, int count)
    {
        data.Features.Span.Slice(row * data.FeatureCount, count * data.FeatureCount).CopyTo(MemoryMarshal.Cast<byte, float>(_samples.bytes));
        return network.Module.call(count == RowsPerRun ? _samples : _samples.narrow(0, 0, count)).contiguous();
    }
}
