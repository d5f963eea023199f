namespace FlameEdge.Federated.Ring;

/// <summary>How far a member is.</summary>
/// <param name="Run">The run it belongs to; empty before the first sum.</param>
/// <param name="Round">Rounds done; in a group that is led from above, models taken and parts made.</param>
/// <param name="Base">What it stands on, named by its SHA-256.</param>
internal sealed record RingStanding(string Run, int Round, string Base);
