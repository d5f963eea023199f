namespace FlameEdge.Testing.Channels;

/// <summary>What an agent with the generated rights must not be able to do: topics it must not write, filters that must not bring it others' notices.</summary>
/// <param name="Attacker">An agent of the fleet that takes part in <paramref name="Mine"/>.</param>
/// <param name="Victim">Another agent.</param>
/// <param name="Boss">The controller.</param>
/// <param name="Desk">An operator.</param>
/// <param name="Mine">The attacker's own job.</param>
/// <param name="Theirs">A job of others.</param>
public sealed record AccessAttacks(string Attacker, string Victim, string Boss, string Desk, string Mine, string Theirs)
{
    /// <summary>Topics whose messages must not arrive anywhere.</summary>
    public IReadOnlyList<string> Writes =>
    [
        $"flameedge/fleet/{Victim}/birth",
        $"flameedge/fleet/{Victim}/alive",
        $"flameedge/fleet/{Victim}/state",
        $"flameedge/fleet/{Victim}/metrics",
        $"flameedge/fleet/{Victim}/event",
        $"flameedge/fleet/{Victim}/task",
        $"flameedge/fleet/{Victim}/config",
        $"flameedge/fleet/{Attacker}/task",
        $"flameedge/fleet/{Attacker}/config",
        $"flameedge/data/{Mine}/param/default/{Victim}/trainer_0/aggregator_0",
        $"flameedge/data/{Mine}/spec/default/{Boss}/controller_0/agent",
        $"flameedge/here/{Mine}/param/default/{Victim}/trainer_0",
        $"flameedge/here/{Theirs}/param/default/{Victim}/trainer_0",
        $"flameedge/job/{Mine}/{Boss}/spec",
        $"flameedge/job/{Mine}/{Boss}/state",
        $"flameedge/job/{Mine}/{Victim}/round",
        $"flameedge/job/{Mine}/{Attacker}/desired",
        $"flameedge/job/{Mine}/{Desk}/desired",
        $"flameedge/fleet/{Attacker}",
        $"flameedge/job/{Mine}/{Attacker}/state/more",
        $"elsewhere/fleet/{Attacker}/birth",
        $"flameedge/fleet/{Attacker}-2/birth",
    ];

    /// <summary>Filters, each with a topic it covers and whose messages must not reach the attacker.</summary>
    public IReadOnlyList<(string Filter, string Topic)> Reads =>
    [
        ($"flameedge/fleet/{Victim}/task", $"flameedge/fleet/{Victim}/task"),
        ($"flameedge/fleet/{Victim}/config", $"flameedge/fleet/{Victim}/config"),
        ("flameedge/fleet/+/task", $"flameedge/fleet/{Victim}/task"),
        ($"flameedge/fleet/{Victim}/birth", $"flameedge/fleet/{Victim}/birth"),
        ("flameedge/fleet/#", $"flameedge/fleet/{Victim}/config"),
        ($"flameedge/data/{Theirs}/param/default/+/+/aggregator_0", $"flameedge/data/{Theirs}/param/default/{Victim}/trainer_0/aggregator_0"),
        ("flameedge/data/#", $"flameedge/data/{Theirs}/param/default/{Victim}/trainer_0/aggregator"),
        ($"flameedge/data/{Mine}/spec/default/+/+/{Victim}_0", $"flameedge/data/{Mine}/spec/default/{Boss}/controller_0/{Victim}_0"),
        ($"flameedge/data/{Mine}/spec/default/+/+/controller_0", $"flameedge/data/{Mine}/spec/default/{Victim}/{Victim}_0/controller_0"),
        ($"flameedge/here/{Theirs}/param/default/+/+", $"flameedge/here/{Theirs}/param/default/{Victim}/trainer_0"),
        ($"flameedge/job/{Theirs}/+/state", $"flameedge/job/{Theirs}/{Boss}/state"),
        ("flameedge/job/#", $"flameedge/job/{Mine}/{Desk}/desired"),
        ("#", $"flameedge/fleet/{Victim}/config"),
        ("+/+/+/+", $"flameedge/fleet/{Victim}/task"),
        ($"+/fleet/{Victim}/task", $"flameedge/fleet/{Victim}/task"),
        ("$share/all/flameedge/fleet/+/task", $"flameedge/fleet/{Victim}/task"),
    ];
}
