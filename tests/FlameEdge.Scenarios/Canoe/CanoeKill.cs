using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

/// <summary>Who is killed, and where: a worker at a labelled point of its own, or the broker when the target has told a certain event.</summary>
/// <param name="Victim">A worker, or <c>broker</c>.</param>
/// <param name="Point">A label; for the broker, an event of the target.</param>
internal sealed record CanoeKill(string Victim, string Point)
{
    /// <summary>Fifteen batches a second: time to die in, and to come back.</summary>
    public static KillJob Job => CanoeProcesses.Digits(""" "batchesPerSecond": 15, "saveEvery": 10, """);

    /// <summary>Every point that somebody can be killed at; the target's state is written before, at and after each decision.</summary>
    public static IReadOnlyList<CanoeKill> All { get; } =
    [
        new(CanoeProcesses.Target, "site-decided:2"), new(CanoeProcesses.Target, "site-kept:2"), new(CanoeProcesses.Target, "packet-received"), new(CanoeProcesses.Target, "file-before-rename:3"),
        new(CanoeProcesses.Target, "state-before-commit:4"), new(CanoeProcesses.Target, "state-after-commit:4"),
        new("site_1", "packet-cut"), new("site_1", "state-before-commit:3"),
        new(CanoeProcesses.Directory, "helpers-ranked"), new(CanoeProcesses.Directory, "trust-kept"),
        new("broker", "request"), new("broker", "received"), new("broker", "verdict"),
    ];

    /// <summary>Runs the job to its end; every victim dies once at its point and comes back.</summary>
    public static async Task PlayAsync(FleetOfProcesses fleet, Mosquitto broker, params CanoeKill[] kills)
    {
        foreach (var worker in fleet.Job.Workers)
        {
            fleet.Start(worker, kills.FirstOrDefault(kill => kill.Victim == worker)?.Point);
        }

        await Task.WhenAll(kills.Select(kill => kill.Victim == "broker" ? BrokerAsync(fleet, broker, kill.Point) : WorkerAsync(fleet, kill.Victim)));
        await fleet.EndAsync();
    }

    private static async Task WorkerAsync(FleetOfProcesses fleet, string victim)
    {
        await fleet.CrashedAsync(victim);
        fleet.Start(victim);
    }

    private static async Task BrokerAsync(FleetOfProcesses fleet, Mosquitto broker, string when)
    {
        await CanoeProcesses.UntilAsync(fleet, CanoeProcesses.Target, happened => happened.Event == when, when);
        await broker.KillAsync();
        await broker.StartAgainAsync(keepsData: false);
    }
}
