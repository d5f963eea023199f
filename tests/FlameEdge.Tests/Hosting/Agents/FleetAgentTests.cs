using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Gates;
using FlameEdge.Hosting;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Hosting.Agents;

/// <summary>What an agent does with its task, whatever happens around it.</summary>
public sealed class FleetAgentTests : IAsyncLifetime
{
    private readonly AgentBench bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task Listed_work_runs_and_the_same_task_again_starts_nothing_twice()
    {
        await RunBothAsync();

        await bench.TaskAsync(1, AgentBench.Job(Document));
        await bench.TaskAsync(2, AgentBench.Job(Document));
        await bench.UntilAsync(() => bench.Said()!.Revision == 2, "the second task was not taken");

        Assert.Equal((1, 1), (bench.Runs.Started("trainer_0"), bench.Runs.Started("aggregator_0")));
        Assert.Equal(AgentCondition.Busy, bench.Said()!.State);
    }

    [Fact]
    public async Task A_lower_epoch_is_refused_and_told_and_so_is_an_older_revision()
    {
        var document = await bench.ServeAsync();
        await bench.StartAsync();
        await bench.TaskAsync(epoch: 5, revision: 3, AgentBench.Job(document));
        await bench.UntilAsync(() => bench.Said()!.Revision == 3 && bench.Runs.IsRunning("trainer_0"), "the work does not run");

        await bench.TaskAsync(epoch: 4, revision: 9);
        await bench.TaskAsync(epoch: 5, revision: 2);
        await bench.UntilAsync(() => Refusals() == 2, "the refusals were not told");

        Assert.Equal((5L, 3L), (bench.Said()!.Epoch, bench.Said()!.Revision));
        Assert.True(bench.Runs.IsRunning("trainer_0"));
    }

    [Fact]
    public async Task The_highest_epoch_is_remembered_over_a_restart()
    {
        await bench.StartAsync();
        await bench.TaskAsync(epoch: 7, revision: 1);
        await bench.UntilAsync(() => bench.Said()!.Epoch == 7, "the task was not taken");
        await bench.KillAsync();
        await bench.TaskAsync(epoch: 6, revision: 1);

        await bench.StartAsync();
        await bench.UntilAsync(() => Refusals() == 1, "the lower epoch was not refused");

        Assert.Equal(7, bench.Said()!.Epoch);
    }

    [Fact]
    public async Task A_paused_job_stops_and_goes_on_and_one_that_is_gone_leaves_nothing()
    {
        await RunBothAsync();

        await bench.TaskAsync(2, AgentBench.Job(Document, desired: DesiredWork.Pause));
        await bench.UntilAsync(() => bench.Is("trainer_0", WorkPhase.Paused) && !bench.Runs.IsRunning("trainer_0"), "it is not paused");
        Assert.Empty(bench.Folders.Deleted);

        await bench.TaskAsync(3, AgentBench.Job(Document));
        await bench.UntilAsync(() => bench.Runs.Started("trainer_0") == 2 && bench.Is("trainer_0", WorkPhase.Running), "it does not go on");

        await bench.TaskAsync(4);
        await bench.UntilAsync(() => bench.Folders.Deleted.Count == 1 && bench.Said()!.Work.Count == 0, "its folder is still there");
        Assert.False(bench.Runs.IsRunning("trainer_0") || bench.Runs.IsRunning("aggregator_0"));
    }

    [Fact]
    public async Task Work_that_ended_is_not_run_again_after_a_kill_and_work_that_did_not_is()
    {
        await RunBothAsync();
        bench.Runs.Fail("aggregator_0", "the disk is full");
        await bench.UntilAsync(() => bench.Is("aggregator_0", WorkPhase.Failed), "the failure was not told");
        Assert.Equal("the disk is full", bench.Report("aggregator_0")!.Reason);
        Assert.True(bench.Runs.IsRunning("trainer_0"));
        await bench.KillAsync();

        await bench.StartAsync();
        await bench.UntilAsync(() => bench.Runs.Started("trainer_0") == 2 && bench.Is("aggregator_0", WorkPhase.Failed), "the trainer was not resumed");

        Assert.Equal(1, bench.Runs.Started("aggregator_0"));
        await bench.TaskAsync(2, AgentBench.Job(Document, attempt: 2));
        await bench.UntilAsync(() => bench.Runs.Started("aggregator_0") == 2, "a new attempt was not started");
        Assert.False(bench.Runs.HasOverlapped);
    }

    [Fact]
    public async Task Nothing_starts_before_a_task_was_read()
    {
        await RunBothAsync();
        await bench.KillAsync();
        await bench.Board.ClearAsync(BulletinTopic.OfFleet(AgentBench.Edge, BulletinKind.Task), TestContext.Current.CancellationToken);

        await bench.StartAsync();
        await bench.PassAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(1, bench.Runs.Started("trainer_0"));
        Assert.Equal(AgentCondition.Ready, bench.Said()!.State);
    }

    [Fact]
    public async Task Silence_beyond_the_lease_stops_who_could_run_elsewhere_and_the_task_is_read_anew_before_it_starts_again()
    {
        await RunBothAsync();

        bench.Link.Break();
        await bench.UntilAsync(() => !bench.Runs.IsRunning("aggregator_0"), "it runs on without a lease");
        Assert.True(bench.Runs.IsRunning("trainer_0"));

        // It was given away meanwhile.
        await bench.Board.ClearAsync(BulletinTopic.OfFleet(AgentBench.Edge, BulletinKind.Task), TestContext.Current.CancellationToken);
        bench.Link.Mend();
        await bench.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(1, bench.Runs.Started("aggregator_0"));

        await bench.TaskAsync(2, AgentBench.Job(Document));
        await bench.UntilAsync(() => bench.Runs.IsRunning("aggregator_0"), "it does not start again");
        Assert.Equal((2, 1), (bench.Runs.Started("aggregator_0"), bench.Runs.Started("trainer_0")));
    }

    [Theory]
    [InlineData(15, 14)]
    [InlineData(1.5, 0.75)]
    public async Task A_leased_worker_stops_before_its_lease_is_over_and_not_sooner_than_it_must(double lease, double stop)
    {
        Document = await bench.ServeAsync();
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document) with { LeaseSeconds = lease });
        await bench.UntilAsync(() => bench.Runs.IsRunning("aggregator_0") && bench.Runs.IsRunning("trainer_0"), "the work does not run");
        await bench.PassAsync(TimeSpan.FromSeconds(2.5));

        bench.Link.Break();
        await bench.PassAsync(TimeSpan.FromSeconds(stop - 0.25));
        bench.Time.Advance(TimeSpan.FromSeconds(0.24));
        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.True(bench.Runs.IsRunning("aggregator_0"));

        // No time passes any more: it stops at this moment or never.
        bench.Time.Advance(TimeSpan.FromSeconds(0.01));
        Assert.True(SpinWait.SpinUntil(() => !bench.Runs.IsRunning("aggregator_0"), TimeSpan.FromSeconds(10)), "it runs on when it must stop");
        Assert.True(bench.Runs.IsRunning("trainer_0"));
    }

    [Fact]
    public async Task A_worker_that_does_not_end_its_step_is_told_of_and_holds_up_no_other_job()
    {
        await RunBothAsync();
        bench.Runs.Linger("trainer_0");
        var other = await bench.ServeAsync("other");

        await bench.TaskAsync(2, AgentBench.Job(other, job: "other", workers: "aggregator_0"));
        await bench.UntilAsync(() => bench.Said()!.Revision == 2 && bench.Runs.Started("aggregator_0") == 2, "the other job waits for it");
        await bench.UntilAsync(() => bench.Report("trainer_0")?.Reason == "stops; its present step has not ended yet", "nobody is told");

        // Listed again, it waits until the former run is over.
        await bench.TaskAsync(3, AgentBench.Job(other, job: "other", workers: "aggregator_0"), AgentBench.Job(Document, workers: "trainer_0"));
        await bench.UntilAsync(() => bench.Said()!.Revision == 3, "the third task was not taken");
        await bench.PassAsync(TimeSpan.FromSeconds(10));
        Assert.True(bench.Agent!.SinceTurn <= TimeSpan.FromSeconds(2), "the watchdog would end it");
        Assert.Equal((1, 0), (bench.Runs.Started("trainer_0"), bench.Folders.Deleted.Count));

        bench.Runs.Release("trainer_0");
        await bench.UntilAsync(() => bench.Runs.Started("trainer_0") == 2, "it does not start again");
        Assert.False(bench.Runs.HasOverlapped);
    }

    [Fact]
    public async Task Workers_beyond_a_limit_set_while_it_runs_wait_and_none_is_started_twice_into_the_same_place()
    {
        var sources = new GateSources { StateFolder = bench.Data.Path, Running = () => bench.Agent?.Running ?? [] };
        bench.Gates.Add(new WorkerCountGate(1, sources));
        Document = await bench.ServeAsync();
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document));
        await bench.UntilAsync(() => bench.Said()!.Work.Count(report => report.Phase == WorkPhase.Waiting) == 1 && bench.Said()!.Work.Count(report => report.Phase == WorkPhase.Running) == 1, "not one of two runs");

        bench.Gates.Clear();
        bench.Agent!.Change(bench.Facts);
        await bench.UntilAsync(() => bench.Runs.IsRunning("trainer_0") && bench.Runs.IsRunning("aggregator_0"), "the other does not start under the new limit");
    }

    [Fact]
    public async Task A_dataset_that_is_collected_on_board_is_data()
    {
        bench.Facts = bench.Facts with { Collected = new HashSet<DatasetId> { new("d") } };
        Document = await bench.ServeAsync(dataset: "\"d\"");
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document, workers: "trainer_0"));

        await bench.UntilAsync(() => bench.Runs.IsRunning("trainer_0"), "it waits for data that is there");
    }

    [Fact]
    public async Task A_gate_holds_work_for_now_and_opens_by_itself_and_one_for_good_refuses()
    {
        var gate = new Gate { Hold = new WorkHold("training only from 22:00 to 06:00, it is 12:00", IsForGood: false) };
        bench.Gates.Add(gate);
        Document = await bench.ServeAsync();
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document, workers: "trainer_0"));
        await bench.UntilAsync(() => bench.Is("trainer_0", WorkPhase.Waiting) && bench.Said()!.State == AgentCondition.Sleeping, "it is not held");
        Assert.Equal((0, gate.Hold.Reason), (bench.Runs.Started("trainer_0"), bench.Report("trainer_0")!.Reason));

        gate.Hold = null;
        await bench.UntilAsync(() => bench.Runs.IsRunning("trainer_0"), "the gate opened and nobody went through");
        gate.Hold = new WorkHold("81 °C, at most 80 °C", IsForGood: false);
        await bench.UntilAsync(() => !bench.Runs.IsRunning("trainer_0"), "it runs on through a closed gate");
        gate.Hold = new WorkHold("not here", IsForGood: true);
        await bench.UntilAsync(() => bench.Is("trainer_0", WorkPhase.Refused), "it is not refused");
    }

    [Theory]
    [InlineData("""{ "name": "d", "path": "/etc/passwd", "label": "y" }""", WorkPhase.Refused, "outside this device's data folder")]
    [InlineData("""{ "name": "d", "path": "../secret.csv", "label": "y" }""", WorkPhase.Refused, "outside this device's data folder")]
    [InlineData("\"d\"", WorkPhase.Waiting, "waiting for data")]
    public async Task A_job_reads_only_what_the_device_lets_it_read(string dataset, WorkPhase phase, string says)
    {
        Document = await bench.ServeAsync(dataset: dataset);
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document));

        await bench.UntilAsync(() => bench.Is("trainer_0", phase), "it is not held");

        Assert.Contains(says, bench.Report("trainer_0")!.Reason, StringComparison.Ordinal);
        Assert.Equal(0, bench.Runs.Started("trainer_0"));
    }

    [Fact]
    public async Task A_need_that_is_not_met_is_refused_with_the_figure()
    {
        bench.Facts = bench.Facts with { Birth = bench.Facts.Birth with { Programs = ["aggregator"] } };
        Document = await bench.ServeAsync();
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document));

        await bench.UntilAsync(() => bench.Is("trainer_0", WorkPhase.Refused) && bench.Is("aggregator_0", WorkPhase.Running), "the one was not refused, or the other does not run");

        Assert.Equal("program: needs trainer, has aggregator", bench.Report("trainer_0")!.Reason);
    }

    [Fact]
    public async Task Each_run_is_newer_than_the_last_even_where_the_disk_has_forgotten_it()
    {
        await bench.StartAsync();
        await bench.StopAsync();
        await bench.StartAsync();
        await bench.UntilAsync(() => bench.Said()!.Incarnation == 2, "the second run is not newer");
        Assert.Equal(AgentCondition.Disconnected, FleetJson.Read(bench.Board.Posted.Where(notice => notice.Topic.Kind == BulletinKind.State).Select(notice => notice.Json).First(json => FleetJson.Read(json.Span, FleetJson.Default.AgentState)!.State == AgentCondition.Disconnected).Span, FleetJson.Default.AgentState)!.State);
        await bench.StopAsync();

        bench.State = new MemoryStateStore();
        await bench.StartAsync();

        await bench.UntilAsync(() => bench.Said()!.Incarnation == 3, "a wiped disk began anew");
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("""{"epoch":1,"revision":1,"controller":"c","jobs":[{"job":"../x","generation":"0123456789ab","document":"","desired":"run","leaseSeconds":1,"workers":{}}]}""")]
    [InlineData("""{"epoch":1,"revision":1,"controller":"c/d","jobs":[]}""")]
    public async Task A_text_that_is_no_task_changes_nothing(string text)
    {
        await RunBothAsync();

        await bench.Board.PostAsync(BulletinTopic.OfFleet(AgentBench.Edge, BulletinKind.Task), System.Text.Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
        await bench.UntilAsync(() => Refusals() == 1, "nobody was told");

        Assert.True(bench.Runs.IsRunning("trainer_0"));
    }

    private string Document { get; set; } = string.Empty;

    private async Task RunBothAsync()
    {
        Document = await bench.ServeAsync();
        await bench.StartAsync();
        await bench.TaskAsync(1, AgentBench.Job(Document));
        await bench.UntilAsync(() => bench.Is("trainer_0", WorkPhase.Running) && bench.Is("aggregator_0", WorkPhase.Running) && bench.Runs.IsRunning("trainer_0") && bench.Runs.IsRunning("aggregator_0"), "the work does not run");
    }

    private int Refusals() => bench.Board.Posted.Count(notice => notice.Topic == BulletinTopic.OfFleet(AgentBench.Edge, BulletinKind.Event));

    private sealed class Gate : IWorkGate
    {
        public WorkHold? Hold { get; set; }

        public WorkHold? Judge(JobSpec job, WorkerPlan worker) => worker.Dataset is null ? null : Hold;
    }
}
