namespace FlameEdge.Federated.Ring;

/// <summary>How far a member is.</summary>
/// <param name="Run">The run it belongs to; empty before the first sum.</param>
/// <param name="Round">Rounds done.</param>
/// <param name="Base">SHA-256 of what it stands on.</param>
internal sealed record RingStanding(string Run, int Round, string Base);
