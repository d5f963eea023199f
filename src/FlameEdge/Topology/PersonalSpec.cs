using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>A model of its own that every client has beside the shared one (docs/algorithms.md).</summary>
public sealed record PersonalSpec
{
    /// <summary>The kinds: some tensors stay on the client; a whole model held near the shared one; further steps from the last shared one.</summary>
    public const string FedPer = "fedper", Ditto = "ditto", FineTune = "fine-tune";

    /// <summary><c>fedper</c>, <c>ditto</c> or <c>fine-tune</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Of <c>fedper</c>: the tensors that stay, each by its name or by the beginning of names before a dot.</summary>
    public IReadOnlyList<string> Tensors { get; init; } = [];

    /// <summary>λ of <c>ditto</c>: the pull towards the shared model; at least 0.</summary>
    public double Lambda { get; init; }

    /// <summary>Steps of <c>fine-tune</c>; at least 1.</summary>
    public int Steps { get; init; }

    /// <summary>Share of a client's rows that nobody learns from and both models are scored on, in [0, 1); 0 for none.</summary>
    public double HoldOut { get; init; }

    /// <summary>All of it in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {string.Join(',', Tensors)} {Lambda} {Steps} {HoldOut}");
}
