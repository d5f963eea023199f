using System.Globalization;
using FlameEdge.Models;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

/// <summary>The long form, tests/canoe-kills.sh: every labelled point in a run of its own, two victims at once, then everybody at random moments, and a table of what came out.</summary>
[Trait("canoe-kill", "cycles")]
public class CanoeCycles
{
    private const int RandomRuns = 8;
    private static readonly string[] s_victims = [CanoeProcesses.Target, "site_1", CanoeProcesses.Directory, CanoeKill.Broker];
    private readonly Dictionary<string, int> killed = new(StringComparer.Ordinal);
    private readonly List<string> lines = ["| killed | at | outcome |", "|---|---|---|"];
    private int failures;

    [Fact(Explicit = true)]
    public async Task Every_point_pairs_of_roles_and_random_moments()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        foreach (var kills in CanoeKill.All.Select(kill => new[] { kill }).Concat([
            [new("site_1", "packet-cut"), new(CanoeProcesses.Target, "site-kept:2")],
            [new(CanoeProcesses.Directory, "helpers-ranked"), new(CanoeKill.Broker, "request")],
            [new(CanoeProcesses.Target, "packet-received"), new(CanoeKill.Broker, "verdict")],
        ]))
        {
            await PlayAsync(CanoeKill.Job, kills);
        }

        for (var run = 0; run < RandomRuns; run++)
        {
            var random = new PortableRandom((ulong)run);
            await PlayAsync(CanoeKill.SlowJob, [.. s_victims.Select(victim => new CanoeKill(victim, "") { After = TimeSpan.FromMilliseconds(4000 + random.Below(22000)) })]);
        }

        Say($"");
        Say($"{lines.Count - 3} runs, {failures} not whole. Kills: {string.Join(", ", killed.Select(pair => $"{pair.Key} {pair.Value}"))}.");
        if (Environment.GetEnvironmentVariable("FLAMEEDGE_KILL_REPORT") is { Length: > 0 } path)
        {
            await File.WriteAllLinesAsync(path, lines, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, failures);
    }

    private async Task PlayAsync(KillJob job, CanoeKill[] kills)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        var outcome = "whole";
        try
        {
            await CanoeKill.PlayAsync(fleet, broker, kills);
            foreach (var kill in kills)
            {
                killed[kill.Victim] = killed.GetValueOrDefault(kill.Victim) + 1;
            }

            CanoeProcesses.RequireWhole(fleet);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            failures++;
            outcome = error.Message.ReplaceLineEndings(" ");
            Console.WriteLine($"{outcome}\n{fleet.History}\n{string.Join('\n', CanoeProcesses.Told(fleet, CanoeProcesses.Target).Where(happened => happened.Event != "score"))}");
        }

        Say($"| {string.Join(", ", kills.Select(kill => kill.Victim))} | {string.Join(", ", kills.Select(kill => kill.At))} | {outcome[..Math.Min(outcome.Length, 200)]} |");
    }

    private void Say(FormattableString line)
    {
        lines.Add(line.ToString(CultureInfo.InvariantCulture));
        Console.WriteLine(lines[^1]);
    }
}
