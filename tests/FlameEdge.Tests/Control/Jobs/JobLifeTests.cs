using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;

namespace FlameEdge.Tests.Control.Jobs;

public class JobLifeTests
{
    [Fact]
    public void A_job_goes_from_submission_to_completion_and_leaves_no_work_behind()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);

        ReportAll(fleet, WorkPhase.Running);
        fleet.Review();
        Assert.Equal(JobPhase.Running, fleet.Status().State);

        ReportAll(fleet, WorkPhase.Done, round: 5);
        fleet.PostOfJob("demo", TopAgent(fleet), BulletinKind.State, """{"state":"completed","round":5,"rounds":5,"accuracy":0.75}""");
        fleet.Review();
        Assert.Equal((JobPhase.Completed, 5, 0.75), (fleet.Status().State, fleet.Status().Round, fleet.Status().Accuracy));
        Assert.Empty(fleet.WorkersOf("a"));
        Assert.Empty(fleet.WorkersOf("b"));
        Assert.Equal([JobPhase.Submitted, JobPhase.Deploying, JobPhase.Running, JobPhase.Completed], fleet.Events.Where(what => what.State is not null).Select(what => what.State!.Value));
    }

    [Fact]
    public void The_document_an_agent_is_given_reads_as_it_was_written()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        var (hash, content) = fleet.Last.Content.Single();
        var document = FleetJson.Read(content, FleetJson.Default.JobDocument);
        Assert.NotNull(document);
        Assert.Equal(fleet.TaskOf("a")!.Jobs[0].Document, hash);
        Assert.Equal([("aggregator_0", null), ("trainer_0", "d-0"), ("trainer_1", "d-1")], document.Workers.Select(worker => (worker.Id, worker.Dataset)));
    }

    [Fact]
    public void A_top_aggregator_that_says_failed_fails_the_job_with_its_reason()
    {
        var fleet = Running();
        ReportAll(fleet, WorkPhase.Done);
        fleet.PostOfJob("demo", TopAgent(fleet), BulletinKind.State, """{"state":"failed","round":1,"rounds":5,"reason":"no quorum"}""");
        fleet.Review();
        Assert.Equal((JobPhase.Failed, "no quorum"), (fleet.Status().State, fleet.Status().Reason));
    }

    [Fact]
    public void The_same_text_twice_runs_once_and_another_text_is_refused_with_what_differs()
    {
        var fleet = Running();
        var (generation, posted) = (fleet.Status().Generation, fleet.Tasks.Count);
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        Assert.Equal(generation, fleet.Status().Generation);
        Assert.Equal(posted, fleet.Tasks.Count);

        fleet.Wish("demo", $$"""{"state":"running","request":"r9","text":{{ScriptedFleet.Job(more: """,  "seed": 8""")}}}""");
        fleet.Review();
        Assert.Contains("differs in seed", fleet.Status().Refusal, StringComparison.Ordinal);
        Assert.Equal(("r9", JobPhase.Running, generation), (fleet.Status().Request, fleet.Status().State, fleet.Status().Generation));
    }

    [Fact]
    public void A_job_with_a_channel_in_memory_is_refused_because_agents_share_none()
    {
        var fleet = Running();
        fleet.Wish("other", ScriptedFleet.Job("other", more: """, "backend": "memory" """));
        fleet.Review();
        Assert.Contains("is in memory, and a fleet's workers do not share one: write backend: mqtt, or tcp", fleet.Status("other").Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_sent_twice_is_acted_on_once()
    {
        var fleet = Running();
        fleet.Wish("demo", """{"state":"paused","request":"r1"}""");
        fleet.Review();
        fleet.Wish("demo", """{"state":"running","request":"r2"}""");
        fleet.Review();
        fleet.Wish("demo", """{"state":"running","request":"r2"}""");
        fleet.Review();
        Assert.Equal(JobPhase.Running, fleet.Status().State);
        Assert.Single(fleet.Events, what => what.State == JobPhase.Paused);
    }

    [Fact]
    public void A_finished_job_submitted_again_is_a_new_generation()
    {
        var fleet = Running();
        var first = fleet.Status().Generation;
        fleet.Wish("demo", """{"state":"stopped"}""");
        fleet.Review();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        Assert.NotEqual(first, fleet.Status().Generation);
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);
    }

    [Fact]
    public void Pausing_tells_every_agent_to_pause_and_resuming_to_run()
    {
        var fleet = Running();
        fleet.Wish("demo", """{"state":"paused"}""");
        fleet.Review();
        Assert.Equal(JobPhase.Paused, fleet.Status().State);
        Assert.All(new[] { "a", "b" }, agent => Assert.Equal(DesiredWork.Pause, fleet.TaskOf(agent)!.Jobs[0].Desired));
        fleet.Wish("demo", """{"state":"running"}""");
        fleet.Review();
        Assert.All(new[] { "a", "b" }, agent => Assert.Equal(DesiredWork.Run, fleet.TaskOf(agent)!.Jobs[0].Desired));
    }

    [Fact]
    public void Stopping_pauses_first_and_takes_the_work_away_once_all_are_quiet()
    {
        var fleet = Running();
        fleet.Wish("demo", """{"state":"stopped"}""");
        fleet.Review();
        Assert.Equal(JobPhase.Stopping, fleet.Status().State);
        Assert.Equal(DesiredWork.Pause, fleet.TaskOf("a")!.Jobs[0].Desired);
        ReportAll(fleet, WorkPhase.Paused);
        fleet.Review();
        Assert.Equal(JobPhase.Stopped, fleet.Status().State);
        Assert.Empty(fleet.WorkersOf("a"));
    }

    [Fact]
    public void Deleting_takes_down_what_stands_retained_and_forgets_the_job()
    {
        var fleet = Running();
        fleet.Wish("demo", """{"state":"deleted"}""");
        fleet.Review();
        ReportAll(fleet, WorkPhase.Paused);
        fleet.Review().Review();
        Assert.DoesNotContain(fleet.Board.Keys, topic => topic.Job is not null);
        Assert.Empty(fleet.Core.Lives);
        fleet.Restart();
        Assert.Empty(fleet.Core.Lives);
    }

    [Fact]
    public void A_failed_worker_is_tried_again_with_pauses_that_double_until_its_retries_are_used_up()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job(fleet: """{"retries":2}"""));
        fleet.Review();
        var agent = AgentOf(fleet, "trainer_0");
        foreach (var pause in new[] { 1.0, 2.0 })
        {
            fleet.Report(agent, WorkPhase.Failed, "disk full", only: worker => worker == "trainer_0");
            fleet.Review();
            Assert.DoesNotContain("trainer_0", fleet.WorkersOf(agent));
            fleet.Pass(pause - 0.1);
            Assert.DoesNotContain("trainer_0", fleet.WorkersOf(agent));
            fleet.Pass(0.2);
            Assert.Contains("trainer_0", fleet.WorkersOf(agent));
        }

        fleet.Report(agent, WorkPhase.Failed, "disk full", only: worker => worker == "trainer_0");
        fleet.Review();
        Assert.Equal(JobPhase.Failed, fleet.Status().State);
        Assert.Equal($"trainer_0 failed 3 times, at last on {agent}: disk full", fleet.Status().Reason);
    }

    [Fact]
    public void A_deadline_stops_the_job_at_its_time_and_not_before()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job(fleet: """{"deadline":"60s"}"""));
        fleet.Review();
        fleet.Pass(59.9);
        Assert.Equal(JobPhase.Deploying, fleet.Status().State);
        fleet.Pass(0.1);
        Assert.Equal(JobPhase.Stopped, fleet.Status().State);
        Assert.Contains("deadline", fleet.Status().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_nobody_can_run_says_which_figure_is_short_and_where_and_is_refused_after_its_patience()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job(needs: """{"memory":"2GB"}""", fleet: """{"patience":"30s"}"""));
        fleet.Review();
        Assert.Equal(JobPhase.Waiting, fleet.Status().State);
        Assert.Equal("aggregator_0: memory: needs 2000 MB, has 1000 MB on a, b", fleet.Status().Reason);
        Assert.Empty(fleet.WorkersOf("a"));
        fleet.Pass(30);
        Assert.Equal((JobPhase.Refused, "aggregator_0: memory: needs 2000 MB, has 1000 MB on a, b"), (fleet.Status().State, fleet.Status().Reason));
    }

    [Fact]
    public void A_worker_that_its_agent_refuses_goes_to_another()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        var first = AgentOf(fleet, "aggregator_0");
        fleet.Report(first, WorkPhase.Refused, "temperature", only: worker => worker == "aggregator_0");
        fleet.Review();
        Assert.Equal(first == "a" ? "b" : "a", AgentOf(fleet, "aggregator_0"));
    }

    [Fact]
    public void A_worker_that_all_agents_refuse_says_what_each_of_them_said()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        for (var tries = 0; tries < 2; tries++)
        {
            fleet.Report(AgentOf(fleet, "aggregator_0"), WorkPhase.Refused, "temperature", only: worker => worker == "aggregator_0");
            fleet.Review();
        }

        Assert.Equal("aggregator_0: temperature on a, b", fleet.Status().Reason);
    }

    [Fact]
    public void A_trainer_whose_agent_refuses_it_says_so_and_not_that_its_data_is_nowhere()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        fleet.Report("b", WorkPhase.Refused, "disk", only: worker => worker == "trainer_1");
        fleet.Review();
        Assert.Equal("trainer_1: disk on b", fleet.Status().Reason);
    }

    [Fact]
    public void A_text_whose_patterns_stand_for_nothing_is_read_once_and_its_terms_hold()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job(datasets: """[{"name":"lines","onBoard":"line-*"}]""", fleet: """{"patience":"30s"}"""));
        fleet.Review();
        var terms = fleet.Core.Lives["demo"].Terms;
        fleet.Pass(29).Pass(0.5);
        Assert.Same(terms, fleet.Core.Lives["demo"].Terms);
        Assert.Equal((JobPhase.Waiting, "no agent has a dataset line-* on board"), (fleet.Status().State, fleet.Status().Reason));
        fleet.Pass(0.5);
        Assert.Equal(JobPhase.Refused, fleet.Status().State);
    }

    [Fact]
    public void A_wish_for_a_job_nobody_knows_is_refused_with_the_nearest_name()
    {
        var fleet = Running();
        fleet.Wish("dmeo", """{"state":"paused","request":"r1"}""");
        fleet.Review();
        Assert.Equal("there is no job 'dmeo' here (did you mean 'demo'?); submit it first", fleet.Status("dmeo").Refusal);
    }

    [Fact]
    public void An_answer_about_a_job_that_is_not_here_is_taken_down_after_a_while_and_one_to_a_submission_stays()
    {
        var fleet = Running();
        fleet.Wish("dmeo", """{"state":"paused","request":"r1"}""");
        fleet.Wish("bad", """{"job":"bad","topology":{"roles":[{"name":"trainer","isDataConsumer":true}],"channels":[]}}""");
        fleet.Review();
        fleet.Pass(29);
        Assert.Equal(JobPhase.Refused, fleet.Status("dmeo").State);
        Assert.InRange(fleet.Last.DueIn!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(1));

        fleet.Pass(1);

        Assert.DoesNotContain(fleet.Board.Keys, topic => topic.Job?.Value == "dmeo");
        Assert.Equal(JobPhase.Refused, fleet.Status("bad").State);
    }

    [Fact]
    public void A_job_that_cannot_work_as_written_is_refused_with_its_problems()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", """{"job":"demo","topology":{"roles":[{"name":"trainer","isDataConsumer":true}],"channels":[]}}""");
        fleet.Review();
        Assert.Equal(JobPhase.Refused, fleet.Status().State);
        Assert.Contains("channels is missing or empty", fleet.Status().Reason, StringComparison.Ordinal);
        Assert.Contains(fleet.Events, what => what.Event == "refused");
    }

    [Fact]
    public void Garbage_under_every_topic_is_counted_and_changes_nothing()
    {
        var fleet = Running();
        var before = fleet.Tasks.Count;
        string[] hostile = ["", "{", "null", "[]", "7", "\"x\"", "{}", """{"agent":"other"}""", "{\"state\":7}", new string('[', 100), """{"job":null}""", """{"state":"running","text":[]}"""];
        foreach (var text in hostile)
        {
            foreach (var kind in new[] { BulletinKind.Birth, BulletinKind.State, BulletinKind.Alive, BulletinKind.Task, BulletinKind.Config })
            {
                fleet.Post("z", kind, System.Text.Encoding.UTF8.GetBytes(text));
            }

            fleet.Wish("demo", text);
            fleet.Wish("no/name", text);
        }

        fleet.Review();
        Assert.True(fleet.Core.Intake.Dropped > 60, $"{fleet.Core.Intake.Dropped} dropped");
        Assert.Equal(before, fleet.Tasks.Count);
        Assert.Equal(JobPhase.Running, fleet.Status().State);
    }

    internal static ScriptedFleet TwoAgents() => new ScriptedFleet().Up(ScriptedFleet.Birth("a", "d-0")).Up(ScriptedFleet.Birth("b", "d-1"));

    internal static ScriptedFleet Running()
    {
        var fleet = TwoAgents();
        fleet.Wish("demo", ScriptedFleet.Job());
        fleet.Review();
        ReportAll(fleet, WorkPhase.Running);
        return fleet.Review();
    }

    internal static string AgentOf(ScriptedFleet fleet, string worker) => fleet.Core.Lives["demo"].Record.Workers.Single(known => known.Id == worker).Agent!;

    private static string TopAgent(ScriptedFleet fleet) => AgentOf(fleet, "aggregator_0");

    private static void ReportAll(ScriptedFleet fleet, WorkPhase phase, int round = 1)
    {
        fleet.Report("a", phase, round: round);
        fleet.Report("b", phase, round: round);
    }
}
