using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>How the server makes the next model of a round's changes, and what its clients do for it (docs/algorithms.md). What is null has the kind's published default.</summary>
public sealed record OptimizerSpec
{
    /// <summary>The kinds that change a client's gradients, or what it sends.</summary>
    public const string FedProx = "fedprox", FedDyn = "feddyn", Scaffold = "scaffold", FedNova = "fednova", FedGft = "fedgft";

    /// <summary><c>fedavg</c>, <c>fedavgm</c>, <c>fedadagrad</c>, <c>fedadam</c>, <c>fedyogi</c>, <c>fedprox</c>, <c>feddyn</c>, <c>scaffold</c>, <c>fednova</c> or <c>fedgft</c>.</summary>
    public string Kind { get; init; } = "fedavg";

    /// <summary>η of the server; above 0.</summary>
    public double? Rate { get; init; }

    /// <summary>β of <c>fedavgm</c>; in [0, 1).</summary>
    public double? Momentum { get; init; }

    /// <summary>Looks ahead by the momentum, for <c>fedavgm</c>.</summary>
    public bool Nesterov { get; init; }

    /// <summary>β₁ of the adaptive kinds; in [0, 1).</summary>
    public double? Beta1 { get; init; }

    /// <summary>β₂ of <c>fedadam</c> and <c>fedyogi</c>; in [0, 1).</summary>
    public double? Beta2 { get; init; }

    /// <summary>τ, the adaptive kinds' degree of adaptivity; above 0.</summary>
    public double? Tau { get; init; }

    /// <summary>v at the start of the adaptive kinds; at least 0.</summary>
    public double? InitialV { get; init; }

    /// <summary>α of <c>feddyn</c>; above 0.</summary>
    public double? Alpha { get; init; }

    /// <summary>μ of <c>fedprox</c>; above 0.</summary>
    public double? Mu { get; init; }

    /// <summary>Of <c>fedgft</c>; null elsewhere.</summary>
    public FairnessSpec? Fairness { get; init; }

    /// <summary>True where every client counts alike, however many samples it has: the step that must know no samples.</summary>
    public bool CountsAlike => Kind is FedDyn or Scaffold;

    /// <summary>Kind and settings as a job writes them, in one line: <c>fedadam rate 0.1</c>.</summary>
    public override string ToString()
    {
        List<string> words = [Kind];
        Add("rate", Rate);
        Add("momentum", Momentum);
        Add("beta1", Beta1);
        Add("beta2", Beta2);
        Add("tau", Tau);
        Add("initialV", InitialV);
        Add("alpha", Alpha);
        Add("mu", Mu);
        if (Nesterov)
        {
            words.Add("nesterov");
        }

        if (Fairness is { } fairness)
        {
            words.Add(fairness.ToString());
        }

        return string.Join(' ', words);

        void Add(string name, double? value)
        {
            if (value is { } number)
            {
                words.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {number}"));
            }
        }
    }
}
