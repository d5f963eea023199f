using System.Buffers;
using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Collaborative.Bench;

/// <summary>What a stream would look like under federated averaging: every site learns each batch, and all networks become their mean every few batches, each keeping its momentum.</summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017</seealso>
internal sealed class FederatedBaseline
{
    private const int Before = 150;
    private const int CountedBatches = 100;
    private readonly StreamRun run;
    private readonly IReadOnlyList<DenseNetwork> networks;
    private readonly int every;
    private readonly ParameterLayout layout;
    private readonly UpdateCodec? codec;
    private readonly float[] common;
    private readonly float[][] residuals;
    private readonly float[] kept;
    private long bytes;
    private int rounds;

    private FederatedBaseline(StreamData data, int every, float learningRate, UpdateCodec? codec)
    {
        run = new StreamRun(data, new RunOptions(new CanoeSettings { LearningRate = learningRate, Collaborates = false }));
        (networks, this.every, this.codec) = (run.Networks, every, codec);
        layout = ParameterLayout.Of([("parameters", [networks[0].Parameters.Length], ParameterKind.Trainable)]);
        common = networks[0].Parameters.ToArray();
        residuals = [.. networks.Select(_ => new float[common.Length])];
        kept = new float[common.Length];
    }

    /// <summary>Accuracies of the target, and the payload bytes of 100 batches, every site up and down: in float, or encoded as measured.</summary>
    /// <param name="data">The seed.</param>
    /// <param name="workload">What happens.</param>
    /// <param name="every">Batches between two averages.</param>
    /// <param name="learningRate">Step length.</param>
    /// <param name="codec">Of the updates both ways, what it leaves out being kept for the next one; null for whole models.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static RunResult Run(StreamData data, StreamWorkload workload, int every, float learningRate, UpdateCodec? codec = null, CancellationToken cancellationToken = default) =>
        new FederatedBaseline(data, every, learningRate, codec).Run(workload, cancellationToken);

    private RunResult Run(StreamWorkload workload, CancellationToken cancellationToken)
    {
        for (var batch = 0; batch < Before; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.CycleAll(except: -1);
            Average(batch);
        }

        (this.bytes, this.rounds) = (0, 0);
        var result = new RunResult([[]]);
        for (var batch = 0; batch < workload.Batches; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.LearnBatch(workload.Streams[0], batch);
            run.CycleAll(except: 0);
            Average(batch);
            result.Accuracies[0].Add(run.TargetAccuracy(workload.Streams[0], batch));
        }

        result.PayloadBytes = this.rounds == 0 ? 0 : this.bytes / this.rounds * CountedBatches / every;
        return result;
    }

    private void Average(int batch)
    {
        if ((batch + 1) % every != 0)
        {
            return;
        }

        this.rounds++;
        var mean = new float[common.Length];
        foreach (var (site, network) in networks.Index())
        {
            TensorPrimitives.MultiplyAdd(codec is null ? network.Parameters : Sent(network, residuals[site]), 1f / networks.Count, mean, mean);
        }

        if (codec is null)
        {
            this.bytes += 2L * 4 * common.Length * networks.Count;
            mean.CopyTo(common, 0);
        }
        else
        {
            Broadcast(mean);
        }

        foreach (var network in networks)
        {
            network.Replace(common);
        }
    }

    // What arrives of a site's change since the last common model, with what earlier updates left out.
    private float[] Sent(DenseNetwork network, float[] residual)
    {
        var change = network.Parameters.ToArray();
        TensorPrimitives.Subtract(change, common, change);
        TensorPrimitives.Add(change, residual, residual);
        return Travelled(residual, receivers: 1);
    }

    private void Broadcast(float[] mean)
    {
        TensorPrimitives.Add(kept, mean, kept);
        TensorPrimitives.Add(common, Travelled(kept, networks.Count), common);
    }

    private float[] Travelled(float[] values, int receivers)
    {
        var payload = new ArrayBufferWriter<byte>();
        codec!.EncodeKeepingError(layout, values, payload); // Called with a codec only.
        this.bytes += (long)payload.WrittenCount * receivers;
        var arrived = new float[values.Length];
        codec.Decode(new ReadOnlySequence<byte>(payload.WrittenMemory), layout, arrived);
        return arrived;
    }
}
