using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>A worker dies at a named point of its work, comes back, dies there again, comes back: the job's bits and verdicts are those of a job nobody disturbed.</summary>
[Trait("kill", "labelled")]
public class LabelledKillTests
{
    public static TheoryData<string, string> Points { get; } = new(KillPoints.All.Select(point => (point.Worker, point.Label)));

    [Theory(Explicit = true)]
    [MemberData(nameof(Points))]
    public async Task A_worker_killed_at_a_point_resumes_to_the_undisturbed_bits(string worker, string label)
    {
        var job = KillJob.Tree();
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        await KillCycle.AtPointsAsync(fleet, [(worker, KillPoints.LivesOf(label))]);

        Undisturbed.RequireSame(expected, fleet);
    }

    [Fact(Explicit = true)]
    public async Task Trainers_whose_middle_aggregator_died_with_the_word_learn_of_the_end_from_the_job_itself()
    {
        var job = KillJob.Tree(rounds: 2);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        foreach (var worker in job.Workers)
        {
            fleet.Start(worker, worker == "middle_0" ? "middle-ended" : null, isResume: false);
        }

        await fleet.CrashedAsync("middle_0");
        await fleet.EndAsync(except: "middle_0");
    }
}
