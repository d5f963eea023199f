using FlameEdge.Collaborative.Roles;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Canoe;

/// <summary>The digits of the stored stream W1, seed 0: a target, four other sites and a directory, each a process of its own.</summary>
internal static class CanoeProcesses
{
    public const string Target = "site_0";
    public const string Directory = "directory_0";

    /// <summary>The job; <paramref name="more"/> are further keys of its canoe section, each followed by a comma.</summary>
    public static KillJob Digits(string more) =>
        new("canoe-stream", CanoeJobs.Stored("digits", "W1", "mqtt", more), [Directory, Target, "site_1", "site_2", "site_3", "site_4"], Rounds: 150);

    /// <summary>What a worker has told so far, over all its lives.</summary>
    public static IReadOnlyList<CanoeEvent> Told(FleetOfProcesses fleet, string worker)
    {
        var path = fleet.PathOf(worker, "events.jsonl");
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. file.ReadToEnd().Split('\n').Select(line => CanoeEvent.Read(System.Text.Encoding.UTF8.GetBytes(line))).OfType<CanoeEvent>()];
    }

    /// <summary>Waits until a worker has told something.</summary>
    public static Task UntilAsync(FleetOfProcesses fleet, string worker, Func<CanoeEvent, bool> isIt, string what) =>
        UntilAsync(() => Told(fleet, worker).Any(isIt), () => $"waited for {worker} to tell {what}\n{fleet.History}");

    /// <summary>Waits until something is so, as long as a loaded machine may need.</summary>
    public static async Task UntilAsync(Func<bool> isSo, Func<string> complaint)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < FleetOfProcesses.Bound, complaint());
        }
    }

    /// <summary>Demands that a target ended its stream with its specialists: nothing acknowledged was lost in any of its lives, and the new classes are known.</summary>
    public static void RequireWhole(FleetOfProcesses fleet)
    {
        var told = Told(fleet, Target);
        HashSet<string> served = new(StringComparer.Ordinal);
        foreach (var happened in told)
        {
            if (happened.Event == "restored")
            {
                Assert.True(served.IsSubsetOf(happened.Classes!), $"{Target} came back with [{string.Join(", ", happened.Classes!)}] after [{string.Join(", ", served)}] had been acknowledged\n{fleet.History}");
            }
            else if (happened is { Event: "verdict", Accepted: true })
            {
                served.UnionWith(happened.Classes!);
            }
            else if (happened is { Event: "retired" } or { Event: "verdict", Accepted: false })
            {
                served.ExceptWith(happened.Classes!);
            }
        }

        Assert.Equal(["3", "5"], told.Where(happened => happened is { Event: "verdict", Accepted: true }).SelectMany(happened => happened.Classes!).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(150, told[^1].Event == "done" ? told[^1].Batch : -1);

        // An undisturbed run ends at 0.93, its last ten batches between 0.91 and 0.95.
        Assert.InRange(told.Where(happened => happened.Event == "score").TakeLast(10).Average(happened => happened.Accuracy!.Value), 0.88, 1);
    }
}
