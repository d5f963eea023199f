using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Hosting.Agents;

/// <summary>What a worker says and warns of, as events of its job, so that it can be read at the broker: at most so many lines a second, the rest only counted. Everything also goes to the agent's own log.</summary>
internal sealed class WorkerLog : ILoggerFactory, IJobObserver, IAsyncDisposable
{
    private const int LinesPerSecond = 20;
    private const int LongestLine = 500;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PostBound = TimeSpan.FromSeconds(5);
    private readonly Channel<AgentEvent> lines = Channel.CreateBounded<AgentEvent>(LinesPerSecond);
    private readonly CancellationTokenSource stopping = new();
    private readonly AgentCore core;
    private readonly BulletinTopic topic;
    private readonly WorkerId worker;
    private readonly Task pump;
    private int dropped;

    public WorkerLog(AgentCore core, JobId job, WorkerId worker)
    {
        this.core = core;
        this.worker = worker;
        topic = BulletinTopic.OfJob(job, core.Agent, BulletinKind.Event);
        pump = PumpAsync();
    }

    public void Say(WorkerId speaker, string line) => Tell(LogLevel.Information, line);

    public void RoundEnded(WorkerId speaker, RoundResult round)
    {
        // Notices of their own tell of rounds.
    }

    public void RoundProgress(WorkerId speaker, int round, int present, int counted, int expected)
    {
        // Too fine for a broker.
    }

    public void JobEnded(WorkerId speaker, JobEnd end)
    {
        // The state says so.
    }

    public ILogger CreateLogger(string categoryName) => new Line(this, core.Setup.Loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider)
    {
        // The agent's own log has the providers.
    }

    /// <summary>Says one line, unless there were too many.</summary>
    public void Tell(LogLevel level, string line)
    {
        var text = line.ReplaceLineEndings(" ");
        var said = new AgentEvent { Event = "log", Worker = worker.Value, Level = level.ToString().ToLowerInvariant(), Text = text.Length > LongestLine ? text[..LongestLine] : text };
        if (!lines.Writer.TryWrite(said))
        {
            Interlocked.Increment(ref dropped);
        }
    }

    public void Dispose()
    {
        // Disposed asynchronously, by who made it.
    }

    public async ValueTask DisposeAsync()
    {
        lines.Writer.TryComplete();
        stopping.CancelAfter(Second);
        await pump;
        stopping.Dispose();
    }

    // What waits when a second begins is sent within it; what then still comes finds the queue full.
    private async Task PumpAsync()
    {
        try
        {
            while (await lines.Reader.WaitToReadAsync(stopping.Token))
            {
                for (var sent = 0; sent < LinesPerSecond && lines.Reader.TryRead(out var line); sent++)
                {
                    await core.SayAsync(topic, line, PostBound, stopping.Token);
                }

                if (Interlocked.Exchange(ref dropped, 0) is > 0 and var count)
                {
                    await core.SayAsync(topic, new AgentEvent { Event = "dropped", Worker = worker.Value, Count = count }, PostBound, stopping.Token);
                }

                await Task.Delay(Second, core.Setup.Time, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Said enough.
        }
    }

    private sealed class Line(WorkerLog log, ILogger own) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => own.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning || own.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                log.Tell(logLevel, formatter(state, exception));
            }

            if (own.IsEnabled(logLevel))
            {
                own.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
