using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;

namespace FlameEdge.Hosting.Agents;

/// <summary>Speaks regularly, so that silence of the broker means that it is away: figures for people, an answer for the agent.</summary>
internal sealed class Heartbeat(AgentCore core, TaskDesk desk)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PostBound = TimeSpan.FromSeconds(5);

    /// <summary>Time between two figures: a third of the shortest lease, 10 s at most.</summary>
    public TimeSpan Interval => desk.Jobs.Select(job => job.Lease / 3).Append(Longest).Min();

    /// <summary>Speaks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var time = core.Setup.Time;
        while (true)
        {
            if (core.Setup.Contact.IsConnected)
            {
                await PostAsync(cancellationToken);
            }

            // In small steps: a job with a shorter lease may come meanwhile.
            var spoken = time.GetTimestamp();
            do
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(1, Interval.TotalSeconds)), time, cancellationToken);
            }
            while (time.GetElapsedTime(spoken) < Interval);
        }
    }

    private async Task PostAsync(CancellationToken cancellationToken)
    {
        var vitals = core.Setup.Vitals?.Measure() ?? default;
        var metrics = new AgentMetrics
        {
            Agent = core.Agent.Value,
            Incarnation = core.Incarnation,
            BytesToday = core.Setup.Bytes?.BytesToday ?? 0,
            MemoryBytes = vitals.MemoryBytes,
            Processor = vitals.Processor is { } share ? Math.Round(share, 3) : null,
            TemperatureCelsius = vitals.TemperatureCelsius,
            Workers = NoticeSize.Count(desk.Reports),
        };
        using var bound = new CancellationTokenSource(PostBound, core.Setup.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            await core.Setup.Bulletin.PostAsync(BulletinTopic.OfFleet(core.Agent, BulletinKind.Metrics), FleetJson.Write(metrics, FleetJson.Default.AgentMetrics), either.Token);
        }
        catch (Exception exception) when (exception is ChannelException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The next one may get through.
        }
    }
}
