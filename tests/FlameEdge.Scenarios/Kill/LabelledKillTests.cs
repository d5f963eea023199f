using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>A worker dies at a named point of its work, comes back, dies there again, comes back: the job's bits and verdicts are those of a job nobody disturbed.</summary>
[Trait("kill", "labelled")]
public class LabelledKillTests
{
    public static TheoryData<string, string> Points { get; } = new(KillPoints.All.Select(point => (point.Worker, point.Label)));

    [Theory(Explicit = true)]
    [MemberData(nameof(Points))]
    public async Task A_worker_killed_twice_at_a_point_resumes_to_the_undisturbed_bits(string worker, string label)
    {
        var job = KillJob.Tree();
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        await KillCycle.AtPointAsync(fleet, worker, [$"{label}:{KillPoints.TurnInFirstRound(label)}", $"{label}:2"]);

        Undisturbed.RequireSame(expected, fleet);
    }
}
