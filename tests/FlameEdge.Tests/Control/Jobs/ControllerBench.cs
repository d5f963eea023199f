using System.Collections.Concurrent;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Channels.Presence;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>A controller as it runs, in memory and with short times; agents are what the test posts for them.</summary>
internal sealed class ControllerBench : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private readonly List<IAsyncDisposable> served = [];
    private CancellationTokenSource stopping = new();
    private int sessions;

    public MemoryBulletin Board { get; } = new(isRecording: true);

    public MemoryHub Hub { get; } = new();

    public StoppingStore State { get; } = new();

    public Controller? Controller { get; private set; }

    /// <summary>The controller at work; faulted where it could not remember.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Starts a run of the controller with what is stored.</summary>
    public void Start()
    {
        stopping = new();
        var options = new ControllerOptions
        {
            Session = $"s{sessions++}",
            Settling = TimeSpan.FromMilliseconds(30),
            StopGrace = TimeSpan.FromMilliseconds(300),
            FetchTimeout = TimeSpan.FromSeconds(1),
        };
        Controller = new Controller(Board, new MemoryChannelBackend(Hub), State, options, TimeProvider.System, NullLogger<Controller>.Instance);
        Running = Controller.RunAsync(stopping.Token);
    }

    /// <summary>Ends it; whatever it was about to do stays undone.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await Running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).WaitAsync(Bound);
        stopping.Dispose();
    }

    /// <summary>An agent comes up, says what it has and reports that it runs whatever it is given.</summary>
    public async Task UpAsync(string agent, params string[] datasets)
    {
        Board.Alive(new AgentId(agent), new AliveNote(agent, 1, AliveNote.Online));
        await PostAsync(BulletinTopic.OfFleet(new AgentId(agent), BulletinKind.Birth), FleetJson.Write(ScriptedFleet.Birth(agent, datasets), FleetJson.Default.AgentBirth));
    }

    /// <summary>An agent says that all of its task is in this phase.</summary>
    public async Task ReportAsync(string agent, WorkPhase phase)
    {
        if (TaskOf(agent) is { } task)
        {
            var work = task.Jobs.SelectMany(job => job.Workers, (job, worker) => new WorkReport { Job = job.Job, Generation = job.Generation, Worker = worker.Key, Attempt = worker.Value, Phase = phase }).ToList();
            await PostAsync(
                BulletinTopic.OfFleet(new AgentId(agent), BulletinKind.State),
                FleetJson.Write(new AgentState { Agent = agent, Incarnation = 1, State = AgentCondition.Busy, Epoch = task.Epoch, Revision = task.Revision, Work = work }, FleetJson.Default.AgentState));
        }
    }

    public Task WishAsync(string json, string job = "demo", string from = "op") => PostAsync(BulletinTopic.OfJob(new JobId(job), new AgentId(from), BulletinKind.Desired), System.Text.Encoding.UTF8.GetBytes(json));

    public Task PostAsync(BulletinTopic topic, byte[] json) => Board.PostAsync(topic, json, CancellationToken.None);

    /// <summary>Somebody's end of a job's <c>spec</c> channel, with content to hand out.</summary>
    public async Task<ContentExchange> MeetAsync(string who, string job = "demo", params byte[][] contents)
    {
        var channel = await new MemoryChannelBackend(Hub).OpenAsync(ContentEndpoint.OfAgent(new JobId(job), new AgentId(who), new AgentId("controller"), 1), CancellationToken.None);
        var known = new ConcurrentDictionary<string, byte[]>(contents.Select(content => KeyValuePair.Create(ContentExchange.HashOf(content), content)));
        var exchange = new ContentExchange(channel, TimeProvider.System, (hash, _) => new(known.TryGetValue(hash, out var found) ? (ReadOnlyMemory<byte>?)found : null));
        await exchange.JoinAsync(CancellationToken.None);
        served.Add(exchange);
        return exchange;
    }

    public AgentTask? TaskOf(string agent) => Last(BulletinTopic.OfFleet(new AgentId(agent), BulletinKind.Task)) is { } notice ? FleetJson.Read(notice.Json.Span, FleetJson.Default.AgentTask) : null;

    public JobStatus? Status(string job = "demo") => Last(BulletinTopic.OfJob(new JobId(job), new AgentId("controller"), BulletinKind.State)) is { } notice ? FleetJson.Read(notice.Json.Span, FleetJson.Default.JobStatus) : null;

    public JobSummary? Summary(string job = "demo") => Last(BulletinTopic.OfJob(new JobId(job), new AgentId("controller"), BulletinKind.Spec)) is { } notice ? FleetJson.Read(notice.Json.Span, FleetJson.Default.JobSummary) : null;

    /// <summary>Waits for something that must come; a controller that has stopped meanwhile says why.</summary>
    public async Task UntilAsync(Func<bool> holds, string otherwise)
    {
        var bound = System.Diagnostics.Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(bound.Elapsed < Bound && !Running.IsCompleted, $"{otherwise}: {Status()?.State} {Status()?.Reason} {Running.Exception?.InnerException?.Message}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var exchange in served)
        {
            await exchange.DisposeAsync();
        }

        await StopAsync();
        await State.DisposeAsync();
    }

    private Bulletin? Last(BulletinTopic topic) => Board.Posted.LastOrDefault(notice => notice.Topic == topic && !notice.Json.IsEmpty);
}
