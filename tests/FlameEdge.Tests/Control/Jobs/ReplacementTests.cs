using CsCheck;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;

namespace FlameEdge.Tests.Control.Jobs;

public class ReplacementTests
{
    [Fact]
    public void A_lost_aggregator_moves_when_the_lease_and_two_seconds_are_over_and_not_before()
    {
        var fleet = WithSpare();
        var home = JobLifeTests.AgentOf(fleet, "aggregator_0");
        fleet.Lose(home);
        fleet.Pass(11.9);
        Assert.Equal(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
        fleet.Pass(0.1);
        Assert.NotEqual(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
        Assert.Equal(2, fleet.Core.Lives["demo"].Record.Workers.Single(worker => worker.Id == "aggregator_0").Attempt);
        Assert.DoesNotContain("aggregator_0", fleet.WorkersOf(home));
        var move = Assert.Single(fleet.Events, what => what.Event == "move");
        Assert.Equal(("aggregator_0", home, 2), (move.Worker, move.From, move.Attempt));
    }

    [Fact]
    public void Nobody_moves_before_the_broker_has_confirmed_the_loss()
    {
        var fleet = WithSpare();
        var home = JobLifeTests.AgentOf(fleet, "aggregator_0");
        fleet.Lose(home);
        fleet.Pass(60, isEchoing: false);
        Assert.True(fleet.Last.WantsEcho);
        Assert.Equal(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
        fleet.Up(home);
        fleet.Pass(1);
        Assert.Equal(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
    }

    [Fact]
    public void An_aggregator_that_moves_is_given_the_last_checkpoint()
    {
        var fleet = WithSpare();
        var home = JobLifeTests.AgentOf(fleet, "aggregator_0");
        var note = new CheckpointNote("aggregator_0", new string('c', 64), 3, "run1");
        Assert.True(fleet.Core.Lives["demo"].Wants(note, home));
        fleet.Core.Lives["demo"].Keep(note);
        fleet.Lose(home);
        fleet.Pass(12);
        var to = JobLifeTests.AgentOf(fleet, "aggregator_0");
        Assert.Equal(note.Hash, fleet.TaskOf(to)!.Jobs[0].Checkpoints!["aggregator_0"]);
        Assert.Equal(3, fleet.Status().Round);
        Assert.False(fleet.Core.Lives["demo"].Wants(note with { Round = 4, Hash = new string('d', 64) }, home));
    }

    [Fact]
    public void A_trainer_whose_data_is_nowhere_else_waits_for_it_even_when_the_data_turns_up_elsewhere_later()
    {
        var fleet = JobLifeTests.Running();
        Assert.DoesNotContain("trainer_0", fleet.TaskOf("a")!.Jobs[0].Leased);
        fleet.Lose("a");
        fleet.Pass(60);
        fleet.Up(ScriptedFleet.Birth("c", "d-0"));
        fleet.Pass(60);
        fleet.Pass(60);

        // Its agent was never told to stop it, so it may run to this day.
        Assert.Equal("a", JobLifeTests.AgentOf(fleet, "trainer_0"));
        Assert.Contains("waits for its data 'd-0' on a", fleet.Core.Lives["demo"].Record.Workers.Single(worker => worker.Id == "trainer_0").Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_trainer_whose_data_is_elsewhere_too_moves_only_where_its_agent_had_confirmed_the_lease(bool isConfirmed)
    {
        var fleet = JobLifeTests.Running();
        fleet.Up(ScriptedFleet.Birth("c", "d-0"));
        fleet.Review();
        Assert.Contains("trainer_0", fleet.TaskOf("a")!.Jobs[0].Leased);
        if (isConfirmed)
        {
            fleet.Report("a", WorkPhase.Running);
            fleet.Review();
        }

        fleet.Lose("a");
        fleet.Pass(11.9);
        Assert.Equal("a", JobLifeTests.AgentOf(fleet, "trainer_0"));
        fleet.Pass(30);
        Assert.Equal(isConfirmed ? "c" : "a", JobLifeTests.AgentOf(fleet, "trainer_0"));
    }

    [Fact]
    public void A_lease_that_is_made_shorter_counts_once_it_is_confirmed()
    {
        var fleet = WithSpare();
        var home = JobLifeTests.AgentOf(fleet, "aggregator_0");
        fleet.Report(home, WorkPhase.Running);
        fleet.Review();
        fleet.Wish("demo", ScriptedFleet.Job(fleet: """{"lease":"2s"}"""));
        fleet.Review();
        Assert.Equal(2, fleet.TaskOf(home)!.Jobs[0].LeaseSeconds);
        fleet.Lose(home);
        fleet.Pass(11.9);
        Assert.Equal(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
        fleet.Pass(0.1);
        Assert.NotEqual(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
    }

    [Fact]
    public void After_a_reconnect_of_the_controller_losses_begin_anew()
    {
        var fleet = WithSpare();
        var home = JobLifeTests.AgentOf(fleet, "aggregator_0");
        fleet.Lose(home);
        fleet.Pass(10);
        fleet.Reconnect();
        fleet.Pass(11.9);
        Assert.Equal(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
        fleet.Pass(0.1);
        Assert.NotEqual(home, JobLifeTests.AgentOf(fleet, "aggregator_0"));
    }

    [Fact]
    public void A_late_will_of_an_older_session_loses_nobody()
    {
        var fleet = WithSpare();
        fleet.Up("a");
        fleet.Post("a", BulletinKind.Alive, """{"session":"older","connection":9,"state":"lost"}"""u8.ToArray());
        Assert.True(fleet.Core.Fleet.Find("a")!.IsUp);
    }

    [Fact]
    public void Datasets_that_join_get_the_next_index_and_those_that_are_drained_leave()
    {
        var fleet = new ScriptedFleet().Up(ScriptedFleet.Birth("a", "line-b")).Up(ScriptedFleet.Birth("x"));
        fleet.Wish("demo", ScriptedFleet.Job(datasets: """[{"name":"lines","onBoard":"line-*"}]"""));
        fleet.Review();
        Assert.Equal(["aggregator_0", "trainer_0"], Names(fleet));
        var first = fleet.TaskOf("a")!.Jobs[0].Document;

        fleet.Up(ScriptedFleet.Birth("c", "line-a"));
        fleet.Review();
        Assert.Equal(["aggregator_0", "trainer_0", "trainer_1"], Names(fleet));
        Assert.Equal(("a", "c"), (JobLifeTests.AgentOf(fleet, "trainer_0"), JobLifeTests.AgentOf(fleet, "trainer_1")));
        Assert.NotEqual(first, fleet.TaskOf("a")!.Jobs[0].Document);

        fleet.Post("controller", BulletinKind.Config, """{"draining":["a"]}"""u8.ToArray());
        fleet.Review();
        Assert.Equal(3, Names(fleet).Count);
        fleet.Lose("a");
        fleet.Review();
        Assert.Equal(["aggregator_0", "trainer_1"], Names(fleet));
        Assert.Contains(fleet.Events, what => what is { Event: "leave", Worker: "trainer_0" });

        fleet.Up(ScriptedFleet.Birth("e", "line-c"));
        fleet.Review();
        Assert.Equal(["aggregator_0", "trainer_1", "trainer_2"], Names(fleet));
    }

    [Fact]
    public void A_restarted_controller_goes_on_with_a_higher_epoch_and_changes_no_placement()
    {
        var fleet = JobLifeTests.Running();
        var before = (fleet.WorkersOf("a"), fleet.WorkersOf("b"), fleet.Status().Generation, fleet.TaskOf("a")!.Jobs[0].Document);
        var epoch = fleet.Core.Epoch;
        fleet.Restart();
        Assert.True(fleet.Core.Epoch > epoch);
        Assert.Equal(before.Item1, fleet.WorkersOf("a"));
        Assert.Equal(before.Item2, fleet.WorkersOf("b"));
        Assert.Equal((before.Generation, before.Document), (fleet.Status().Generation, fleet.TaskOf("a")!.Jobs[0].Document));
        Assert.Equal(JobPhase.Running, fleet.Status().State);
    }

    [Fact]
    public void A_controller_that_sees_a_higher_epoch_stops_and_of_two_equal_claims_one_stays()
    {
        var fleet = JobLifeTests.Running();
        fleet.Post("a", BulletinKind.Task, FleetJson.Write(new AgentTask { Epoch = fleet.Core.Epoch + 1, Controller = "other", Revision = 1 }, FleetJson.Default.AgentTask));
        Assert.NotNull(fleet.Core.Superseded);

        var (one, other) = (new ControllerCore(new() { Session = "s1" }), new ControllerCore(new() { Session = "s2" }));
        one.Claim();
        other.Claim();
        Assert.Equal(one.Epoch, other.Epoch);
        Tell(one, "s2");
        Tell(other, "s1");
        Assert.NotNull(one.Superseded);
        Assert.Null(other.Superseded);

        void Tell(ControllerCore core, string session) => core.Intake.Take(
            new(BulletinTopic.OfFleet(new("controller"), BulletinKind.Birth), FleetJson.Write(new ControllerBirth { Controller = "controller", Epoch = 1, Session = session }, FleetJson.Default.ControllerBirth)), default);
    }

    [Fact]
    public void Work_of_another_controller_is_carried_forward_unchanged()
    {
        var fleet = new ScriptedFleet(new() { Session = "s0" });
        var foreign = new TaskJob { Job = "theirs", Generation = "g", Document = new string('f', 64), Desired = DesiredWork.Run, LeaseSeconds = 7, Workers = new Dictionary<string, int>(StringComparer.Ordinal) { ["w_0"] = 3 } };
        var core = new ControllerCore(new() { Session = "s0" });
        core.Intake.Take(new(BulletinTopic.OfFleet(new("a"), BulletinKind.Task), FleetJson.Write(new AgentTask { Epoch = 4, Controller = "old", Revision = 9, Jobs = [foreign] }, FleetJson.Default.AgentTask)), default);
        core.Claim();
        Assert.Equal(5, core.Epoch);
        var notice = core.Review(default).Notices.Single(notice => notice.Topic.Kind == BulletinKind.Task);
        var task = FleetJson.Read(notice.Json, FleetJson.Default.AgentTask)!;
        Assert.Equal(FleetJson.Write(foreign, FleetJson.Default.TaskJob), FleetJson.Write(Assert.Single(task.Jobs), FleetJson.Default.TaskJob));
        Assert.Null(fleet.Core.Superseded);
    }

    [Fact]
    public void No_task_exceeds_what_a_retained_notice_may_hold()
    {
        var datasets = string.Join(",", Enumerable.Range(0, 150).Select(index => $$"""{"name":"data-with-a-long-name-{{index}}"}"""));
        var names = Enumerable.Range(0, 150).Select(index => $"data-with-a-long-name-{index}").ToArray();
        var fleet = new ScriptedFleet().Up(ScriptedFleet.Birth("a", names));
        fleet.Wish("demo", ScriptedFleet.Job(datasets: $"[{datasets}]"));
        fleet.Review();
        Assert.Equal(JobPhase.Waiting, fleet.Status().State);
        Assert.Contains("does not fit its 4096 bytes on a", fleet.Status().Reason, StringComparison.Ordinal);

        foreach (var agent in Enumerable.Range(0, 5).Select(index => $"b{index}"))
        {
            fleet.Up(ScriptedFleet.Birth(agent, names));
        }

        fleet.Review();
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);
        Assert.All(fleet.Board.Where(entry => entry.Key.Kind == BulletinKind.Task), entry => Assert.InRange(entry.Value.Length, 1, BulletinTopic.MaximumRetainedBytes));
    }

    [Fact]
    public void Whatever_happens_no_worker_is_wanted_on_two_agents_and_none_moves_within_the_lease()
    {
        var step = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3], Gen.Double[0.5, 9]);
        step.Array[1, 60].Sample(
            steps =>
            {
                var fleet = new ScriptedFleet();
                string[] agents = ["a", "b", "c", "d"];
                var confirmed = new Dictionary<string, (long Epoch, long Revision)>(StringComparer.Ordinal);
                var goneSince = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
                foreach (var agent in agents)
                {
                    fleet.Up(ScriptedFleet.Birth(agent, agent is "a" or "b" ? "d-0" : "d-1"));
                }

                fleet.Wish("demo", ScriptedFleet.Job());
                fleet.Review();
                var places = Places(fleet);
                foreach (var (what, index, seconds) in steps)
                {
                    var agent = agents[index];
                    switch (what)
                    {
                        case 0 when !goneSince.ContainsKey(agent):
                            fleet.Lose(agent);
                            goneSince[agent] = fleet.Clock;
                            break;
                        case 1 when goneSince.Remove(agent):
                            fleet.Up(agent);
                            break;
                        case 2:
                            fleet.Restart();
                            break;
                        case 3:
                            fleet.Report(agent, WorkPhase.Running);
                            confirmed[agent] = fleet.TaskOf(agent) is { } task ? (task.Epoch, task.Revision) : default;
                            break;
                        default:
                            fleet.Pass(seconds);
                            break;
                    }

                    fleet.Review();
                    var now = Places(fleet);
                    foreach (var (worker, at) in now)
                    {
                        if (places.TryGetValue(worker, out var before) && before != at)
                        {
                            Assert.True(goneSince.TryGetValue(before, out var since) && fleet.Clock - since >= TimeSpan.FromSeconds(12), $"{worker} moved from {before} to {at}");
                            Assert.True(IsSureOfLease(fleet, worker, before, confirmed.GetValueOrDefault(before)), $"{worker} moved from {before}, which may run it on");
                        }
                    }

                    places = now;
                }
            },
            iter: 80);
    }

    // Every task the agent may be acting on lists the worker as leased: the last it confirmed, and all that came later.
    private static bool IsSureOfLease(ScriptedFleet fleet, string worker, string agent, (long Epoch, long Revision) confirmed)
    {
        var attempt = fleet.Core.Lives["demo"].Record.Workers.Single(record => record.Id == worker).Attempt - 1;
        return fleet.Tasks.Where(posted => posted.Agent == agent && (posted.Task.Epoch, posted.Task.Revision).CompareTo(confirmed) >= 0)
            .SelectMany(posted => posted.Task.Jobs)
            .Where(job => job.Workers.GetValueOrDefault(worker) == attempt)
            .All(job => job.Leased.Contains(worker));
    }

    private static ScriptedFleet WithSpare()
    {
        var fleet = JobLifeTests.Running();
        fleet.Up(ScriptedFleet.Birth("spare"));
        return fleet.Review();
    }

    private static IReadOnlyList<string> Names(ScriptedFleet fleet) => [.. fleet.Core.Lives["demo"].Record.Workers.Select(worker => worker.Id).Order(StringComparer.Ordinal)];

    // From the tasks themselves: what agents read. A worker in two of them breaks the dictionary.
    private static Dictionary<string, string> Places(ScriptedFleet fleet) => fleet.Board.Keys
        .Where(topic => topic.Kind == BulletinKind.Task)
        .SelectMany(topic => fleet.WorkersOf(topic.Agent!.Value.Value), (topic, worker) => (worker, agent: topic.Agent!.Value.Value))
        .ToDictionary(entry => entry.worker, entry => entry.agent, StringComparer.Ordinal);
}
