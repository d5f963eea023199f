namespace FlameEdge.Collaborative.Bench;

/// <summary>How a method did on the seeds of a workload, compared with the isolated learner on the same seeds.</summary>
public sealed record StreamFigures
{
    /// <summary>The dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>The workload.</summary>
    public required string Workload { get; init; }

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>Batches of the isolated learner to 95 % of what it converges to, per seed.</summary>
    public required IReadOnlyList<int> IsolatedBatches { get; init; }

    /// <summary>The same of the method.</summary>
    public required IReadOnlyList<int> Batches { get; init; }

    /// <summary>Median over seeds of isolated ÷ method.</summary>
    public required double MedianRatio { get; init; }

    /// <summary>Mean of isolated ÷ mean of method.</summary>
    public required double RatioOfMeans { get; init; }

    /// <summary>95 % intervals of both over seeds.</summary>
    public required (Interval Median, Interval Means) Intervals { get; init; }

    /// <summary>The single runs.</summary>
    public required IReadOnlyList<SeedFigures> Seeds { get; init; }

    /// <summary>The ratio of means where the mean of five accuracies must reach 95 %, and 90 %.</summary>
    public required (double At95, double At90) Smooth { get; init; }

    /// <summary>Mean accuracy of batches 1–30: isolated, method.</summary>
    public required (double Isolated, double Method) Area { get; init; }

    /// <summary>Mean accuracy of the whole stream: isolated, method.</summary>
    public required (double Isolated, double Method) Mean { get; init; }

    /// <summary>Mean accuracy of the last thirty batches.</summary>
    public required double Final { get; init; }

    /// <summary>The least mean difference to the isolated learner in batches 1–60 over seeds.</summary>
    public required double WorstSeed { get; init; }

    /// <summary>Mean payload per seed, bytes.</summary>
    public required double PayloadBytes { get; init; }

    /// <summary>Alarms of the drift detector in 100 batches.</summary>
    public required double AlarmsPer100 { get; init; }

    /// <summary>Specialists refused or evicted, over all seeds.</summary>
    public required int Refused { get; init; }

    /// <summary>Mean accuracy of each hop of a travelling class, in the thirty batches of its hop; one entry where nothing travels.</summary>
    public required IReadOnlyList<double> Hops { get; init; }

    internal static StreamFigures Of(string dataset, string workload, string method, IReadOnlyList<SeedStream> seeds, IReadOnlyList<RunResult> isolated, IReadOnlyList<RunResult> runs)
    {
        (List<double> Isolated, List<double> Method)[] pairs = [.. isolated.Zip(runs, (other, mine) => (Joined(other), Joined(mine)))];
        var (strict, smooth95, smooth90) = (BatchesTo(pairs, 0.95, Strict), BatchesTo(pairs, 0.95, Measures.SmoothBatchesTo), BatchesTo(pairs, 0.90, Measures.SmoothBatchesTo));
        return new StreamFigures
        {
            Dataset = dataset,
            Workload = workload,
            Method = method,
            IsolatedBatches = [.. strict.Select(pair => pair.Isolated)],
            Batches = [.. strict.Select(pair => pair.Method)],
            MedianRatio = MedianOf(strict),
            RatioOfMeans = RatioOf(strict),
            Intervals = (Bootstrap.Of(strict, MedianOf), Bootstrap.Of(strict, RatioOf)),
            Seeds = [.. seeds.Select((seed, i) => new SeedFigures(seed.Seed, runs[i].Before, pairs[i].Isolated, pairs[i].Method, runs[i].PayloadBytes, runs[i].Story))],
            Smooth = (RatioOf(smooth95), RatioOf(smooth90)),
            Area = (pairs.Average(pair => Measures.Area(pair.Isolated)), pairs.Average(pair => Measures.Area(pair.Method))),
            Mean = (pairs.Average(pair => pair.Isolated.Average()), pairs.Average(pair => pair.Method.Average())),
            Final = pairs.Average(pair => Measures.Final(pair.Method)),
            WorstSeed = pairs.Min(pair => Measures.Against(pair.Isolated, pair.Method)),
            PayloadBytes = runs.Average(run => (double)run.PayloadBytes),
            AlarmsPer100 = runs.Average(run => 100.0 * run.Alarms.Count / run.Accuracies.Sum(stream => stream.Count)),
            Refused = runs.Sum(run => run.Verdicts.Count(verdict => !verdict.IsAccepted)),
            Hops = [.. Enumerable.Range(0, runs[0].Accuracies.Length).Select(hop => runs.Average(run => run.Accuracies[hop].Skip(30 * hop).Take(30).Average()))],
        };
    }

    // The hops of a travelling class one behind the other: what its target of the day has.
    private static List<double> Joined(RunResult run) => run.Accuracies.Length == 1
        ? run.Accuracies[0]
        : [.. run.Accuracies.SelectMany((accuracies, hop) => accuracies.Skip(30 * hop).Take(30))];

    private static int Strict(double threshold, IReadOnlyList<double> accuracies) => Measures.BatchesTo(threshold, accuracies);

    private static (int Isolated, int Method)[] BatchesTo((List<double> Isolated, List<double> Method)[] pairs, double share, Func<double, IReadOnlyList<double>, int> measure) =>
        [.. pairs.Select(pair => (measure(share * Measures.Final(pair.Isolated), pair.Isolated), measure(share * Measures.Final(pair.Isolated), pair.Method)))];

    private static double MedianOf(IReadOnlyList<(int Isolated, int Method)> batches) => Measures.Median(batches.Select(pair => (double)pair.Isolated / pair.Method));

    private static double RatioOf(IReadOnlyList<(int Isolated, int Method)> batches) => batches.Average(pair => (double)pair.Isolated) / batches.Average(pair => pair.Method);
}

/// <summary>One seed of a method.</summary>
/// <param name="Seed">Of the streams.</param>
/// <param name="Before">Accuracy after each of the last ten batches before the change; empty where it was not measured.</param>
/// <param name="Isolated">The isolated learner's accuracy after each batch.</param>
/// <param name="Method">The method's.</param>
/// <param name="PayloadBytes">What moved.</param>
/// <param name="Story">What happened, in order.</param>
public sealed record SeedFigures(int Seed, IReadOnlyList<double> Before, IReadOnlyList<double> Isolated, IReadOnlyList<double> Method, long PayloadBytes, IReadOnlyList<StoryLine> Story);
