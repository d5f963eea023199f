namespace FlameEdge.Collaborative.Bench;

/// <summary>All rows at one place: one network learns every site's batches. What knowledge could do at best, and what it costs to move the data.</summary>
internal static class CentralBaseline
{
    private const int Before = 150;
    private const int CountedBatches = 100;
    private const int ModelEvery = 10;

    /// <summary>Accuracies on the target's test rows, and the bytes of 100 batches: rows of all sites up in float, the model down to each every ten batches.</summary>
    public static RunResult Run(StreamData data, StreamWorkload workload, float learningRate, CancellationToken cancellationToken)
    {
        var run = new StreamRun(data, new RunOptions(new CanoeSettings { LearningRate = learningRate, Collaborates = false }));
        for (var batch = 0; batch < Before; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.LearnTogether(stream: null, batch);
        }

        var result = new RunResult([[]]);
        for (var batch = 0; batch < workload.Batches; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.LearnTogether(workload.Streams[0], batch);
            result.Accuracies[0].Add(run.TargetAccuracy(workload.Streams[0], batch));
        }

        var model = run.Networks[0];
        var (rows, models) = (CountedBatches * data.Base.Batch, CountedBatches / ModelEvery);
        result.PayloadBytes = 4L * data.Base.Sites.Count * ((rows * model.FeatureCount) + (models * model.Parameters.Length));
        return result;
    }
}
