using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Hosting.Agents;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>Agents whose state does not hold all their work, read as they write it.</summary>
public class LongStateTests
{
    private const int Trainers = 60;

    [Fact]
    public void Work_that_is_counted_and_not_listed_is_in_the_phase_most_work_is_in()
    {
        var fleet = Deployed();
        Post(fleet, _ => WorkPhase.Starting);
        fleet.Review();
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);

        Post(fleet, worker => worker == "trainer_7" ? WorkPhase.Waiting : WorkPhase.Running);
        fleet.Review();
        Assert.Equal(JobPhase.Running, fleet.Status().State);
        Assert.Equal((Trainers, 1), (fleet.Status().Workers["running"], fleet.Status().Workers["waiting"]));
    }

    [Fact]
    public void A_job_ends_although_its_aggregator_is_one_of_many_that_are_not_listed()
    {
        var fleet = Deployed();
        Post(fleet, _ => WorkPhase.Running);
        fleet.Review();
        Post(fleet, _ => WorkPhase.Done);
        fleet.Review();
        fleet.Pass(6);
        Assert.Equal(JobPhase.Completed, fleet.Status().State);
    }

    [Fact]
    public void A_state_of_an_older_task_says_nothing_of_work_it_does_not_list()
    {
        var fleet = Deployed();
        Post(fleet, _ => WorkPhase.Running, behind: 1);
        fleet.Review();
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);
    }

    [Fact]
    public void Counts_that_leave_two_phases_open_are_not_guessed_at()
    {
        var fleet = Deployed();
        Post(fleet, worker => worker.EndsWith('1') || worker.EndsWith('3') || worker.Length == 10 ? WorkPhase.Paused : WorkPhase.Running, listed: 1);
        fleet.Review();
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);
    }

    [Fact]
    public void Stopping_waits_for_work_that_is_not_listed()
    {
        var fleet = Deployed();
        Post(fleet, _ => WorkPhase.Running);
        fleet.Review();
        fleet.Wish("demo", """{"state":"stopped"}""");
        fleet.Review();
        Post(fleet, worker => worker == "trainer_7" ? WorkPhase.Paused : WorkPhase.Running, listed: 1);
        fleet.Review();
        Assert.Equal(JobPhase.Stopping, fleet.Status().State);
        Post(fleet, _ => WorkPhase.Paused);
        fleet.Review();
        Assert.Equal(JobPhase.Stopped, fleet.Status().State);
    }

    [Fact]
    public void An_agent_lists_what_differs_from_most_first()
    {
        var state = FleetJson.Read(NoticeSize.Fit(StateOf(1, 1, [.. Enumerable.Range(0, 90).Select(index => Report(index == 80 ? "aggregator_0" : $"trainer_{index}", index == 80 ? WorkPhase.Running : WorkPhase.Done))])), FleetJson.Default.AgentState)!;
        Assert.Equal("aggregator_0", state.Work[0].Worker);
        Assert.Equal(89, state.WorkCount!["done"]);
    }

    // One agent has all of a job whose workers no state can list.
    private static ScriptedFleet Deployed()
    {
        var names = Enumerable.Range(0, Trainers).Select(index => $"d-{index}").ToArray();
        var fleet = new ScriptedFleet().Up(ScriptedFleet.Birth("a", names));
        fleet.Wish("demo", ScriptedFleet.Job(datasets: $"[{string.Join(",", names.Select(name => $$"""{"name":"{{name}}"}"""))}]"));
        return fleet.Review();
    }

    private static void Post(ScriptedFleet fleet, Func<string, WorkPhase> phase, int behind = 0, int? listed = null)
    {
        var task = fleet.TaskOf("a")!;
        var generation = fleet.Status().Generation;
        var state = StateOf(task.Epoch, task.Revision - behind, [.. fleet.WorkersOf("a").Select(worker => Report(worker, phase(worker)) with { Generation = generation })]);
        var json = NoticeSize.Fit(state);
        var read = FleetJson.Read(json, FleetJson.Default.AgentState)!;
        Assert.True(read.Work.Count < state.Work.Count, "all of it fits: the test shows nothing");
        fleet.Post("a", BulletinKind.State, listed is { } few ? FleetJson.Write(read with { Work = [.. read.Work.Take(few)] }, FleetJson.Default.AgentState) : json);
    }

    private static AgentState StateOf(long epoch, long revision, IReadOnlyList<WorkReport> work) =>
        new() { Agent = "a", Incarnation = 1, State = AgentCondition.Busy, Epoch = epoch, Revision = revision, Work = work };

    private static WorkReport Report(string worker, WorkPhase phase) => new() { Job = "demo", Generation = "0123456789ab", Worker = worker, Attempt = 1, Phase = phase };
}
