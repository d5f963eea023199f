using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Mqtt;
using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>A fleet as a user has one: agents and controllers, each a process of its own with its own folder, and an operator who looks on. It stops only what it started.</summary>
internal sealed class FleetBench : IAsyncDisposable
{
    /// <summary>A bound for whatever must happen at all; a loaded machine is slow, a broken fleet waits for ever.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static readonly Task Never = new TaskCompletionSource().Task;
    private static readonly string Agent = Path.Combine(AppContext.BaseDirectory, "watched-agent.dll");
    private static readonly string Tool = Path.Combine(AppContext.BaseDirectory, "flame-edge.dll");

    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentDictionary<string, RunningProgram> running = new();
    private readonly ConcurrentDictionary<string, JobStatus> jobs = new();
    private readonly ConcurrentDictionary<string, AgentState> agents = new();
    private readonly StringBuilder history = new();
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly FleetIdentities? identities;
    private readonly string? profile;
    private readonly MqttSession observer;
    private readonly Task watching;
    private TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FleetBench(BrokerProcess broker, FleetIdentities? identities, string? profile, MqttSession observer)
    {
        Broker = broker;
        this.identities = identities;
        this.profile = profile;
        this.observer = observer;
        Directory.CreateDirectory(folder["locks"]);
        watching = Task.WhenAll(
            WatchAsync(BulletinTopic.AnyJob(BulletinKind.State), (notice, json) => Keep(jobs, notice.Job!.Value.Value, FleetJson.Read(json, FleetJson.Default.JobStatus))),
            WatchAsync(BulletinTopic.AnyOfFleet(BulletinKind.State), (notice, json) => Keep(agents, notice.Agent!.Value.Value, FleetJson.Read(json, FleetJson.Default.AgentState))),
            WatchAsync(BulletinTopic.AnyJob(BulletinKind.Event), (_, _) => { }),
            WatchAsync(BulletinTopic.AnyOfFleet(BulletinKind.Task), (_, _) => { }),
            WatchAsync(BulletinTopic.AnyOfFleet(BulletinKind.Alive), (_, _) => { }));
    }

    public BrokerProcess Broker { get; }

    /// <summary>The broker's address.</summary>
    public string Url => UrlOf(Broker, identities);

    /// <summary>How long anything is waited for; <see cref="Bound"/> by default.</summary>
    public TimeSpan Patience { get; set; } = Bound;

    /// <summary>Work that was found running twice at once; empty, or the controller broke its promise.</summary>
    public string[] Twice => File.Exists(folder["locks", "twice"]) ? File.ReadAllLines(folder["locks", "twice"]) : [];

    /// <summary>All that was said by processes and on the broker, in order, for who must find out why.</summary>
    public string History
    {
        get
        {
            lock (gate)
            {
                return history.ToString();
            }
        }
    }

    /// <summary>Looks on at a broker.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="identities">Everybody's certificates, the <c>observer</c>'s among them; null for a broker that lets anybody in without TLS.</param>
    /// <param name="profile">What the broker can do, a file; null for one that does what the standard says.</param>
    public static async Task<FleetBench> StartAsync(BrokerProcess broker, FleetIdentities? identities = null, string? profile = null)
    {
        var files = identities?.FilesOf("observer");
        var options = new MqttOptions { Broker = new Uri(UrlOf(broker, identities)), CaFile = files?.Authority, CertificateFile = files?.Certificate, KeyFile = files?.Key, BrokerProfile = profile };
        return new(broker, identities, profile, await MqttSession.ConnectAsync(options, new AgentId("observer")));
    }

    /// <summary>A file or folder of one process.</summary>
    public string PathOf(params string[] parts) => folder[parts];

    /// <summary>Starts an agent, or starts it again with what it has on disk.</summary>
    public void StartAgent(string name) => StartAgent(name, Url);

    /// <summary>The same for an agent that reaches the broker at an address of its own.</summary>
    public void StartAgent(string name, string url, params string[] more)
    {
        Directory.CreateDirectory(folder[name, "data"]);
        string[] adapted = profile is null ? [] : ["--set", $"broker.profile={profile}"];
        Start(name, Agent, ["serve", "--name", name, "--broker", url, "--state", folder[name, "state"], "--data", folder[name, "data"], .. adapted, .. identities?.AgentArguments(name) ?? [], .. more]);
    }

    /// <summary>Starts a controller, or starts it again.</summary>
    public void StartController(string name = "controller") => Start(name, Tool, ["controller", "--name", name, "--broker", Url, "--state", folder[name, "state"], .. Adapted, .. identities?.ToolArguments(name) ?? []]);

    /// <summary>True while a process runs.</summary>
    public bool IsRunning(string name) => running.TryGetValue(name, out var process) && !process.HasEnded;

    /// <summary>Waits for a process to end by itself; its exit code.</summary>
    public async Task<int> ExitAsync(string name)
    {
        await UntilAsync(() => running[name].HasEnded, running[name].Ended, $"{name} to end");
        return running[name].ExitCode;
    }

    /// <summary>Kills a process as a power cut would.</summary>
    public async Task KillAsync(string name)
    {
        Note(name, "-- killed");
        await running[name].KillAsync();
    }

    /// <summary>Throws away all that a dead process had on disk.</summary>
    public void Wipe(string name) => Directory.Delete(folder[name], recursive: true);

    /// <summary>Any command of the tool against this broker; its exit code and what it wrote.</summary>
    public async Task<(int Code, string Output, string Error)> CallAsync(params string[] arguments)
    {
        var (code, output, error) = await Command.CallAsync([.. arguments, "--broker", Url, .. Adapted, .. identities is null ? [] : new[] { "--name", "operator" }, .. identities?.ToolArguments("operator") ?? []]);
        Note("operator", $"{string.Join(' ', arguments)} -> {code} {error.Trim()}");
        return (code, output, error);
    }

    /// <summary>Submits a job with the tool and demands that it was taken.</summary>
    public async Task SubmitAsync(string text)
    {
        var file = folder[$"job-{Guid.NewGuid():n}.json"];
        await File.WriteAllTextAsync(file, text);
        var (code, _, error) = await CallAsync("job", "submit", file, "--timeout", $"{Math.Min(60, Patience.TotalSeconds)}");
        Assert.True(code == ExitCode.Ok, $"submit ended with {code}: {error}\n{History}");
    }

    /// <summary>Waits until a controller says that the job is in one of these phases; fails at once where it ends in another.</summary>
    public async Task<JobStatus> UntilAsync(string job, params JobPhase[] wanted)
    {
        await UntilAsync(
            () => jobs.TryGetValue(job, out var status) && (wanted.Contains(status.State) || status.State is JobPhase.Failed or JobPhase.Refused or JobPhase.Completed or JobPhase.Stopped),
            Never,
            $"{job} to be {string.Join(" or ", wanted)}");
        var found = jobs[job];
        Assert.True(wanted.Contains(found.State), $"{job} is {found.State} ({found.Reason}), not {string.Join(" or ", wanted)}\n{History}");
        return found;
    }

    /// <summary>Waits until a controller says that the job has committed a round.</summary>
    public Task RoundAsync(string job, int round) => UntilAsync(() => jobs.TryGetValue(job, out var status) && (status.Round >= round || IsOver(status)), Never, $"round {round} of {job}");

    /// <summary>Waits until agents have said that they are ready or at work.</summary>
    public Task ReadyAsync(params string[] names) => UntilAsync(
        () => names.All(name => agents.TryGetValue(name, out var state) && state.State is AgentCondition.Ready or AgentCondition.Busy), Never, $"{string.Join(", ", names)} to be ready");

    /// <summary>Waits for whatever can be read off the last states.</summary>
    public Task UntilAsync(Func<IReadOnlyDictionary<string, JobStatus>, IReadOnlyDictionary<string, AgentState>, bool> isMet, string what) =>
        UntilAsync(() => isMet(jobs, agents), Never, what);

    /// <summary>True where the job is over.</summary>
    public bool IsOver(string job) => jobs.TryGetValue(job, out var status) && IsOver(status);

    /// <summary>The record of the run, as the agent with the top aggregator wrote it; the newest where the aggregator moved at the end.</summary>
    public JobResult ResultOf(string job)
    {
        var files = Directory.EnumerateFiles(folder["."], "result.json", SearchOption.AllDirectories).Where(path => path.Contains(job, StringComparison.Ordinal)).OrderBy(File.GetLastWriteTimeUtc).ToList();
        Assert.True(files.Count > 0, $"nobody has written a result of {job}\n{History}");
        return JobResult.Read(files[^1]);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching.ContinueWith(static _ => { }, TaskScheduler.Default);
        foreach (var process in running.Values)
        {
            await process.DisposeAsync();
        }

        await observer.DisposeAsync();
        folder.Dispose();
        stopping.Dispose();
    }

    private string[] Adapted => profile is null ? [] : ["--broker-profile", profile];

    // The name the broker's certificate is for.
    private static string UrlOf(BrokerProcess broker, FleetIdentities? identities) => identities is null ? $"mqtt://127.0.0.1:{broker.Port}" : $"mqtts://localhost:{broker.TlsPort}";

    private static bool IsOver(JobStatus status) => status.State is JobPhase.Failed or JobPhase.Refused or JobPhase.Completed or JobPhase.Stopped;

    private void Start(string name, string program, IEnumerable<string> arguments)
    {
        Note(name, "-- starts");
        running[name] = RunningProgram.Start(program, arguments, environment =>
        {
            // Hundreds of short lives: compile quickly rather than well.
            environment["DOTNET_TieredPGO"] = "0";
            environment["WATCHED_LOCKS"] = folder["locks"];
        }, line => Note(name, line));
    }

    private void Keep<T>(ConcurrentDictionary<string, T> seen, string name, T? value)
        where T : class
    {
        if (value is not null)
        {
            seen[name] = value;
        }
    }

    private async Task WatchAsync(BulletinTopic topic, Action<BulletinTopic, byte[]> take)
    {
        await foreach (var notice in observer.Bulletin.WatchAsync(topic, stopping.Token))
        {
            var json = notice.Json.ToArray();
            take(notice.Topic, json);
            Note($"{notice.Topic.Job?.Value}/{notice.Topic.Agent?.Value}/{notice.Topic.Kind}", Encoding.UTF8.GetString(json));
            TaskCompletionSource former;
            lock (gate)
            {
                former = heard;
                heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            former.TrySetResult();
        }
    }

    private async Task UntilAsync(Func<bool> isMet, Task news, string what)
    {
        using var bound = new CancellationTokenSource(Patience);
        while (true)
        {
            Task next;
            lock (gate)
            {
                next = heard.Task;
            }

            if (isMet())
            {
                return;
            }

            try
            {
                await Task.WhenAny(next, news).WaitAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"waited {Patience} for {what}\n{History}");
            }
        }
    }

    private void Note(string who, string line)
    {
        lock (gate)
        {
            history.Append(TimeProvider.System.GetLocalNow().ToString("HH:mm:ss.fff")).Append(' ').Append(who).Append(": ").AppendLine(line);
        }
    }
}
