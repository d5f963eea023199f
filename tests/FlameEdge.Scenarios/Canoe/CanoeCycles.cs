using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

/// <summary>The long form, tests/canoe-kills.sh: every labelled point in a run of its own, then two victims at once, and a table of what came out.</summary>
[Trait("canoe-kill", "cycles")]
public class CanoeCycles
{
    [Fact(Explicit = true)]
    public async Task Every_point_and_every_pair_of_roles()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        List<string> lines = ["| killed | at | outcome |", "|---|---|---|"];
        var failures = 0;
        foreach (var kills in CanoeKill.All.Select(kill => new[] { kill }).Concat([
            [new("site_1", "packet-cut"), new(CanoeProcesses.Target, "site-kept:2")],
            [new(CanoeProcesses.Directory, "helpers-ranked"), new("broker", "request")],
            [new(CanoeProcesses.Target, "packet-received"), new("broker", "verdict")],
        ]))
        {
            var outcome = await PlayAsync(kills);
            failures += outcome is null ? 0 : 1;
            lines.Add($"| {string.Join(", ", kills.Select(kill => kill.Victim))} | {string.Join(", ", kills.Select(kill => kill.Point))} | {outcome ?? "whole"} |");
            Console.WriteLine(lines[^1]);
        }

        lines.Add("");
        lines.Add($"{lines.Count - 3} runs, {failures} not whole.");
        if (Environment.GetEnvironmentVariable("FLAMEEDGE_KILL_REPORT") is { Length: > 0 } path)
        {
            await File.WriteAllLinesAsync(path, lines, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, failures);
    }

    private static async Task<string?> PlayAsync(CanoeKill[] kills)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(CanoeKill.Job, broker.Port);
        try
        {
            await CanoeKill.PlayAsync(fleet, broker, kills);
            CanoeProcesses.RequireWhole(fleet);
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Console.WriteLine(error.Message);
            return error.Message.Split('\n')[0];
        }
    }
}
