using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Federated;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Running;

/// <summary>Sees that the run a resumed process took part in was over before it came back: then there is nobody to wait for.</summary>
internal static class EndWatch
{
    /// <summary>Completes with the job's last state when it is that of a run these workers took part in; never completes otherwise, until cancelled.</summary>
    public static async Task<StateNotice> WaitAsync(IBulletin bulletin, JobId job, IStateStore state, CancellationToken cancellationToken)
    {
        var runs = await RunHistory.RunsAsync(state, cancellationToken);
        await foreach (var notice in bulletin.WatchAsync(BulletinTopic.AnyOfJob(job, BulletinKind.State), cancellationToken))
        {
            if (Read(notice.Json.Span) is { Run: { } run } said && runs.Contains(run))
            {
                return said;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw new Diagnostics.ChannelException("the watch on the job's state ended with the connection");
    }

    private static StateNotice? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return json.IsEmpty ? null : JsonSerializer.Deserialize(json, NoticeJson.Default.StateNotice);
        }
        catch (JsonException)
        {
            // Somebody else's text on our topic is no end of a job.
            return null;
        }
    }
}
