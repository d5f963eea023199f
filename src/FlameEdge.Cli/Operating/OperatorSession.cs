using System.Security.Cryptography;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Operating;

/// <summary>An operator's connection to the broker: reads what agents and controllers post, and asks things of a controller.</summary>
internal sealed class OperatorSession(MqttSession session, AgentId controller, TimeSpan timeout) : IAsyncDisposable
{
    // Retained notices come in one go after a subscription; silence of this length is their end.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);

    public AgentId Self => session.Agent;

    public AgentId Controller { get; } = controller;

    public MqttSession Session => session;

    public IBulletin Bulletin => session.Bulletin;

    public static async Task<OperatorSession> ConnectAsync(MqttOptions options, AgentId self, AgentId controller, TimeSpan timeout, CancellationToken cancellationToken) =>
        new(await MqttSession.ConnectAsync(options, self, cancellationToken: cancellationToken), controller, timeout);

    /// <summary>What stands retained under these topics now, by topic.</summary>
    public async Task<IReadOnlyDictionary<BulletinTopic, Bulletin>> ReadAsync(IReadOnlyList<BulletinTopic> topics, CancellationToken cancellationToken)
    {
        var found = new Dictionary<BulletinTopic, Bulletin>();
        using var bound = new CancellationTokenSource(timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        either.CancelAfter(Quiet + Quiet);
        try
        {
            await foreach (var notice in new RetainedWatch(session.Bulletin, Self, Controller).RunAsync(topics, () => either.CancelAfter(Quiet), either.Token))
            {
                found[notice.Topic] = notice;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // That was all.
        }

        return found;
    }

    /// <summary>Notices of several topics in one stream.</summary>
    public IAsyncEnumerable<Bulletin> WatchAsync(IReadOnlyList<BulletinTopic> topics, CancellationToken cancellationToken) =>
        new RetainedWatch(session.Bulletin, Self, Controller).RunAsync(topics, static () => { }, cancellationToken);

    /// <summary>How the controller says a job stands; null where it says nothing of it.</summary>
    public async Task<JobStatus?> StatusAsync(JobId job, CancellationToken cancellationToken) =>
        (await ReadAsync([BulletinTopic.OfJob(job, Controller, BulletinKind.State)], cancellationToken)).Values
            .Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.JobStatus)).FirstOrDefault();

    /// <summary>Asks something of a job and waits for the controller's answer; the status that answers it, null where the job is gone.</summary>
    /// <exception cref="JobFailedException">The controller did not answer in time.</exception>
    /// <exception cref="TopologyException">It refused.</exception>
    public async Task<JobStatus?> AskAsync(JobId job, DesiredJob wish, CancellationToken cancellationToken)
    {
        var request = $"{Self.Value}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        using var bound = new CancellationTokenSource(timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            var json = FleetJson.Write(wish with { Request = request }, FleetJson.Default.DesiredJob);
            var asking = AskAgainAsync(BulletinTopic.OfJob(job, Self, BulletinKind.Desired), json, either.Token);
            await foreach (var notice in session.Bulletin.WatchAsync(BulletinTopic.OfJob(job, Controller, BulletinKind.State), either.Token))
            {
                if (notice.Json.IsEmpty && wish.State == "deleted")
                {
                    return null;
                }

                if (FleetJson.Read(notice.Json.Span, FleetJson.Default.JobStatus) is { } status && status.Request == request)
                {
                    await either.CancelAsync();
                    await asking;
                    return status.Refusal is { } why ? throw new TopologyException($"refused by {Controller}: {why}") : status;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Said below.
        }

        throw new JobFailedException($"controller '{Controller}' did not answer within {timeout.TotalSeconds:0.#} s; is it running on this broker, with the same --prefix, and may '{Self}' write to job/{job}/{Self}/desired? (--controller names another one)") { IsTimeout = true };
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();

    // A wish is not retained: a controller that is just starting hears the next one. Repeated, it is acted on once.
    private async Task AskAgainAsync(BulletinTopic topic, byte[] json, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await session.Bulletin.PostAsync(topic, json, cancellationToken);
                await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Answered, or given up.
        }
    }
}
