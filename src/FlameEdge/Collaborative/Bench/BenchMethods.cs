using FlameEdge.Collaborative.Significance;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Collaborative.Bench;

/// <summary>The ways to run a stream, by name.</summary>
internal static class BenchMethods
{
    private const int DeltaCount = 256;

    /// <summary>All but the isolated learner, with which each is compared.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "canoe", "canoe_delay_5", "canoe_other_architecture", "canoe_independent_init", "random_selection", "untrained_packet",
        "full_replace", "output_row", "aligned_delta", "fedavg_E1", "fedavg_E5", "fedavg_E10", "fedavg_E25", "fedavg_E10_top1_int8", "centralized",
    ];

    /// <summary>The learner that nobody helps.</summary>
    public static RunResult Isolated(SeedStream seed, float rate, CancellationToken cancellationToken) =>
        new StreamRun(seed.Data, new RunOptions(Alone(rate))).Run(seed.Workload, cancellationToken);

    /// <summary>One seed with a method.</summary>
    public static RunResult Run(SeedStream seed, string method, CanoeSettings settings, float isolatedRate, IReadOnlyDictionary<string, SiteEngine> engines, CancellationToken cancellationToken)
    {
        var options = new RunOptions(settings);
        var alone = options with { Settings = Alone(isolatedRate) };
        return method switch
        {
            "fedavg_E1" => Federated(1),
            "fedavg_E5" => Federated(5),
            "fedavg_E10" => Federated(10),
            "fedavg_E25" => Federated(25),
            "fedavg_E10_top1_int8" => Federated(10, new UpdateCodec(new Int8Values(), topShare: 0.01, isDelta: true)),
            "centralized" => CentralBaseline.Run(seed.Data, seed.Workload, isolatedRate, cancellationToken),
            _ => new StreamRun(seed.Data, method switch
            {
                "canoe" => options,
                "canoe_delay_5" => options with { DelayBatches = 5 },
                "canoe_other_architecture" => options with { HasCommonStart = false, HelperHidden = [96, 48] },
                "canoe_independent_init" => options with { HasCommonStart = false },
                "random_selection" => options with { Settings = settings with { Extraction = settings.Extraction with { Significance = new RandomSignificance((ulong)seed.Seed) } } },
                "untrained_packet" => options with { IsUntrained = true, Settings = settings with { IsGated = false } },
                "full_replace" => alone with { Transfer = Transfer.Model },
                "output_row" => alone with { Transfer = Transfer.OutputRow },
                "aligned_delta" => alone with { Transfer = Transfer.AlignedDelta, Settings = alone.Settings with { Extraction = new() { AlignedDeltas = DeltaCount } } },
                _ when method.Split(':', '>') is ["canoe", var helper, var target] && engines.ContainsKey(helper) && engines.ContainsKey(target) =>
                    options with { HasCommonStart = false, HelperHidden = [96, 48], HelperEngine = engines[helper], TargetEngine = engines[target] },
                _ when seed.Workload.Offers?.ContainsKey(method) == true => options with { Offers = method },
                _ => throw new ArgumentException($"there is no method '{method}': say {string.Join(", ", All)}", nameof(method)),
            }).Run(seed.Workload, cancellationToken),
        };

        RunResult Federated(int every, UpdateCodec? codec = null) => FederatedBaseline.Run(seed.Data, seed.Workload, every, isolatedRate, codec, cancellationToken);
    }

    private static CanoeSettings Alone(float rate) => new() { LearningRate = rate, Collaborates = false };
}
