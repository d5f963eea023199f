using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Mqtt;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Operating;

/// <summary>Fetches the last checkpoint that the controller keeps of a job.</summary>
internal static class JobResults
{
    /// <summary>Writes its model; the names of the files.</summary>
    /// <exception cref="DatasetException">The controller has no checkpoint of the job.</exception>
    public static async Task<IReadOnlyList<string>> FetchAsync(OperatorSession session, JobId job, string folder, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var notices = await session.ReadAsync([BulletinTopic.OfJob(job, session.Controller, BulletinKind.Spec)], cancellationToken);
        if (notices.Values.Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.JobSummary)).FirstOrDefault()?.Checkpoint is not { } hash)
        {
            throw new DatasetException($"controller '{session.Controller}' keeps no checkpoint of '{job}' yet: it gets one after the first round");
        }

        // The controller meets on a job's channel only whom it knows of.
        await session.Bulletin.PostAsync(BulletinTopic.OfJob(job, session.Self, BulletinKind.Desired), FleetJson.Write(new DesiredJob { State = "read" }, FleetJson.Default.DesiredJob), cancellationToken);
        await using var backend = new MqttChannelBackend(session.Session);
        var channel = await backend.OpenAsync(ContentEndpoint.OfAgent(job, session.Self, session.Controller, 1), cancellationToken);
        await using var exchange = new ContentExchange(channel, TimeProvider.System, static (_, _) => new((ReadOnlyMemory<byte>?)null));
        await exchange.JoinAsync(cancellationToken);
        var snapshot = await exchange.FetchAsync(ContentEndpoint.Controller, hash, timeout, cancellationToken);
        Directory.CreateDirectory(folder);
        DurableFile.Write(Path.Combine(folder, "model.parameters"), new ReadOnlySequence<byte>(RunSnapshot.ModelOf(snapshot)));
        return ["model.parameters"];
    }
}
