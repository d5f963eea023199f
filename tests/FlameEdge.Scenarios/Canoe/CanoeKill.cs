using System.Globalization;
using FlameEdge.Scenarios.Fleet;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

/// <summary>Who is killed, and when: a worker at a labelled point of its own, the broker when the target has told a certain event, or either after a time.</summary>
/// <param name="Victim">A worker, or <c>broker</c>.</param>
/// <param name="Point">A label; for the broker, an event of the target.</param>
internal sealed record CanoeKill(string Victim, string Point)
{
    /// <summary>The broker as a victim.</summary>
    public const string Broker = "broker";

    /// <summary>Kills so long after the start in place of at a point; null for at the point.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>The moment in words.</summary>
    public string At => After is { } after ? string.Create(CultureInfo.InvariantCulture, $"{after.TotalSeconds:0.0} s") : Point;

    /// <summary>Ten batches a second: time to die in, and to come back.</summary>
    public static KillJob Job => CanoeProcesses.Digits(""" "batchesPerSecond": 10, "saveEvery": 10, """);

    /// <summary>Five batches a second: time for everybody to die in at any moment.</summary>
    public static KillJob SlowJob => CanoeProcesses.Digits(""" "batchesPerSecond": 5, "saveEvery": 10, """);

    /// <summary>Every point that somebody can be killed at; the target's state is written before, at and after each decision, a helper's every ten batches, 45 times within its warm-up of 450 (and twice before it learns), so that the 52nd is some seconds after it.</summary>
    public static IReadOnlyList<CanoeKill> All { get; } =
    [
        new(CanoeProcesses.Target, "site-decided:2"), new(CanoeProcesses.Target, "site-kept:2"), new(CanoeProcesses.Target, "packet-received"), new(CanoeProcesses.Target, "file-before-rename:3"),
        new(CanoeProcesses.Target, "state-before-commit:4"), new(CanoeProcesses.Target, "state-after-commit:4"),
        new("site_1", "packet-cut"), new("site_1", "state-before-commit:52"),
        new(CanoeProcesses.Directory, "helpers-ranked"), new(CanoeProcesses.Directory, "trust-kept"),
        new(Broker, "request"), new(Broker, "received"), new(Broker, "verdict"),
    ];

    /// <summary>Runs the job to its end; every victim dies once and comes back.</summary>
    /// <remarks>Where points are meant the target comes last: on a busy machine its stream would else be half over before those who can help are there, and a helper that nobody asks never reaches its point.</remarks>
    public static async Task PlayAsync(FleetOfProcesses fleet, Mosquitto broker, params CanoeKill[] kills)
    {
        await using var listener = await PlainClient.ConnectAsync(broker.Port, "listener", null);
        await listener.SubscribeAsync("flameedge/data/canoe-stream/metadata/#");
        string[] others = [.. fleet.Job.Workers.Where(worker => worker != CanoeProcesses.Target)];
        foreach (var worker in others)
        {
            Start(worker);
        }

        if (kills.All(kill => kill.After is null))
        {
            await CanoeProcesses.UntilAsync(
                () => others.All(helper => helper == CanoeProcesses.Directory || listener.Heard.Any(message => message.Topic.EndsWith($"/{helper}/{CanoeProcesses.Directory}", StringComparison.Ordinal))),
                () => $"waited for the records of all helpers\n{fleet.History}");
        }

        Start(CanoeProcesses.Target);
        await Task.WhenAll(kills.Select(kill => kill.Victim == Broker ? BrokerAsync(fleet, broker, kill) : WorkerAsync(fleet, kill)));
        await fleet.EndAsync();

        void Start(string worker) => fleet.Start(worker, kills.FirstOrDefault(kill => kill.Victim == worker && kill.After is null)?.Point);
    }

    private static async Task WorkerAsync(FleetOfProcesses fleet, CanoeKill kill)
    {
        if (kill.After is { } after)
        {
            await Task.Delay(after, TimeProvider.System);
            Assert.True(await fleet.KillAsync(kill.Victim), $"{kill.Victim} was to be killed after {after} and had ended\n{fleet.History}");
        }
        else
        {
            await fleet.CrashedAsync(kill.Victim);
        }

        fleet.Start(kill.Victim);
    }

    private static async Task BrokerAsync(FleetOfProcesses fleet, Mosquitto broker, CanoeKill kill)
    {
        if (kill.After is { } after)
        {
            await Task.Delay(after, TimeProvider.System);
        }
        else
        {
            await CanoeProcesses.UntilAsync(fleet, CanoeProcesses.Target, happened => happened.Event == kill.Point, kill.Point);
        }

        await broker.KillAsync();
        await broker.StartAgainAsync(keepsData: false);
    }
}
