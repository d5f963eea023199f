using FlameEdge.Diagnostics;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Federated.Aggregation.Corrections;
using FlameEdge.Federated.Aggregation.Robust;
using FlameEdge.Federated.Sampling;
using FlameEdge.Federated.Selection;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>From a job's words to what computes.</summary>
internal static class Algorithms
{
    /// <summary>The server's side of an optimizer. What the job leaves open has the published default.</summary>
    public static IServerOptimizer Server(OptimizerSpec spec, ParameterLayout layout)
    {
        var rate = spec.Rate;
        var (beta1, beta2, tau) = (spec.Beta1 ?? 0.9, spec.Beta2 ?? 0.99, spec.Tau ?? 1e-3);
        return spec.Kind switch
        {
            "fedavg" or OptimizerSpec.FedProx => new FedAvg(layout, rate ?? 1),
            "fedavgm" => new FedAvgM(layout, rate ?? 1, spec.Momentum ?? 0.9, spec.Nesterov),
            "fedadagrad" => new FedAdagrad(layout, rate ?? 0.1, spec.Beta1 ?? 0, tau, spec.InitialV),
            "fedadam" => new FedAdam(layout, rate ?? 0.1, beta1, beta2, tau, spec.InitialV),
            "fedyogi" => new FedYogi(layout, rate ?? 0.1, beta1, beta2, tau, spec.InitialV),
            OptimizerSpec.FedDyn => new FedDynServer(layout, spec.Alpha ?? 0.01),
            OptimizerSpec.Scaffold => new ScaffoldServer(layout, rate ?? 1),
            OptimizerSpec.FedNova => new FedNovaServer(layout),
            OptimizerSpec.FedGft => new FedGftServer(layout, rate ?? 1),
            _ => throw Unknown("optimizer", spec.Kind),
        };
    }

    /// <summary>The clients' side; null where they do nothing but train.</summary>
    public static IClientCorrection? Client(OptimizerSpec spec, TrainingSpec training, ParameterLayout layout) => spec.Kind switch
    {
        OptimizerSpec.FedProx => new FedProxClient(layout, spec.Mu!.Value), // A job without it is refused.
        OptimizerSpec.FedDyn => new FedDynClient(layout, spec.Alpha ?? 0.01),
        OptimizerSpec.Scaffold => new ScaffoldClient(layout, training.LearningRate),
        OptimizerSpec.FedNova => new FedNovaClient(layout, training.LearningRate, training.Momentum, training.Proximal),
        _ => null,
    };

    /// <summary>Who takes part in a round; <paramref name="deadline"/> is the round's.</summary>
    public static ISelector Selector(SelectorSpec spec, ulong seed, TimeSpan deadline) => spec.Kind switch
    {
        SelectorSpec.All => new AllSelector(),
        SelectorSpec.Random => new RandomSelector(spec.Drawn, seed),
        SelectorSpec.PowerOfChoice => new PowerOfChoiceSelector(spec.Of, spec.Drawn, seed),
        SelectorSpec.Deadline => new DeadlineSelector(spec.Drawn, spec.Within ?? deadline, seed),
        SelectorSpec.Budget => new BudgetSelector(spec.Bytes),
        SelectorSpec.Poisson => new PoissonSelector(spec.Rate, seed),
        SelectorSpec.Oort => new OortSelector(
            new()
            {
                Count = spec.Drawn,
                Exploration = spec.Exploration,
                ExplorationDecay = spec.ExplorationDecay,
                LeastExploration = spec.LeastExploration,
                CutOff = spec.CutOff,
                StragglerPenalty = spec.StragglerPenalty,
                PreferredDuration = spec.PreferredDuration,
                PacerStep = spec.PacerStep,
                PacerWindow = spec.PacerWindow,
            },
            seed),
        _ => throw Unknown("selector", spec.Kind),
    };

    /// <summary>How clients' rows are chosen.</summary>
    public static FedBalancerSettings Sampler(SamplerSpec spec, TrainingSpec training) => spec.Kind == SamplerSpec.FedBalancer
        ? new() { Window = spec.Window, LossStep = spec.LossStep, DeadlineStep = spec.DeadlineStep, HardShare = spec.HardShare, Epochs = training.Epochs }
        : throw Unknown("sampler", spec.Kind);

    /// <summary>What takes the place of the mean; null for the mean.</summary>
    /// <param name="spec">The job's.</param>
    /// <param name="refused">Hostile updates that were refused by what is in them: so many fewer are feared among the others. Else whoever sends rubbish could keep the rest below the rule's minimum.</param>
    public static IRobustRule? Robust(RobustSpec? spec, int refused = 0) => spec is null ? null
        : Rule(spec with { Attackers = Math.Max(0, spec.Attackers - refused), Trim = Math.Max(0, spec.Trim - refused) });

    private static IRobustRule Rule(RobustSpec spec) => spec.Kind switch
    {
        "norm-clipping" => new NormClipping(spec.Norm),
        "median" => new CoordinateMedian(),
        "trimmed-mean" => new TrimmedMean(spec.Trim),
        "krum" => new MultiKrum(spec.Attackers),
        "multi-krum" => new MultiKrum(spec.Attackers, spec.Keep),
        "bulyan" => new Bulyan(spec.Attackers),
        "geometric-median" => new GeometricMedian(),
        _ => throw Unknown("robust rule", spec.Kind),
    };

    // A job that was read has known words; one built by a program may not.
    private static TopologyException Unknown(string what, string kind) => new($"there is no {what} '{kind}'; see docs/algorithms.md");
}
