using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Bench;

/// <summary>What a stream would look like under federated averaging: every site learns each batch, and all networks become their mean every few batches, each keeping its momentum.</summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017</seealso>
internal static class FederatedBaseline
{
    private const int Before = 150;

    /// <summary>Accuracies of the target, and the payload bytes of 100 batches: every site up and down, in float.</summary>
    public static RunResult Run(StreamData data, StreamWorkload workload, int every, float learningRate)
    {
        var options = new RunOptions(new CanoeSettings { LearningRate = learningRate, Collaborates = false });
        var run = new StreamRun(data, options);
        var networks = run.Networks;
        for (var batch = 0; batch < Before; batch++)
        {
            run.CycleAll(except: -1);
            Average(networks, batch, every);
        }

        var result = new RunResult([[]]);
        for (var batch = 0; batch < workload.Batches; batch++)
        {
            run.LearnBatch(workload.Streams[0], batch);
            run.CycleAll(except: 0);
            Average(networks, batch, every);
            result.Accuracies[0].Add(run.TargetAccuracy(workload.Streams[0], batch));
        }

        result.PayloadBytes = 2L * 4 * networks[0].Parameters.Length * networks.Count * 100 / every;
        return result;
    }

    private static void Average(IReadOnlyList<DenseNetwork> networks, int batch, int every)
    {
        if ((batch + 1) % every != 0)
        {
            return;
        }

        var mean = new float[networks[0].Parameters.Length];
        foreach (var network in networks)
        {
            TensorPrimitives.MultiplyAdd(network.Parameters, 1f / networks.Count, mean, mean);
        }

        foreach (var network in networks)
        {
            network.Replace(mean);
        }
    }
}
