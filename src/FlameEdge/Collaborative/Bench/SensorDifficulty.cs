using FlameEdge.Collaborative.Bench.Loading;
using FlameEdge.Collaborative.Bench.Making;

namespace FlameEdge.Collaborative.Bench;

/// <summary>How hard the generated sensors are, judged without any help: by what the isolated learner converges to on W1.</summary>
public static class SensorDifficulty
{
    /// <summary>Deviation of the noise that the streams have.</summary>
    public static double Noise => SensorRows.Noise;

    /// <summary>Mean accuracy of the last thirty batches over <paramref name="seeds"/>, at the rate of the grid whose mean accuracy is highest.</summary>
    public static (double Accuracy, float Rate) Of(double noise, IReadOnlyList<int> seeds)
    {
        var card = DatasetCard.All.Single(card => card.Name == "sensors");
        SeedStream[] streams = [.. seeds.Select(seed =>
        {
            var rows = SensorRows.Generate((ulong)StreamMaker.DrawnFrom(seed), noise);
            var maker = new StreamMaker(card, rows, seed);
            return new SeedStream(seed, new StreamData(maker.Base("W1"), rows), maker.Workload("W1"));
        })];
        var runs = streams[0].Data.Base.LearningRateGrid.Select(rate => (Rate: rate, Accuracies: streams.Select(seed => BenchMethods.Isolated(seed, rate, CancellationToken.None).Accuracies[0]).ToArray()));
        var best = runs.MaxBy(run => run.Accuracies.Average(accuracies => accuracies.Average()));
        return (best.Accuracies.Average(Measures.Final), best.Rate);
    }
}
