using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Federated;
using FlameEdge.Hosting;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Running;

/// <summary>Sees that the run these workers took part in is over, when nobody told them: they were away, or those above them died with the word.</summary>
internal static class EndWatch
{
    /// <summary>Completes with the job's last state when it is that of a run these workers took part in; never completes otherwise, until cancelled.</summary>
    public static async Task<StateNotice> WaitAsync(IBulletin bulletin, JobId job, IStateStore state, CancellationToken cancellationToken)
    {
        await foreach (var notice in bulletin.WatchAsync(BulletinTopic.AnyOfJob(job, BulletinKind.State), cancellationToken))
        {
            // Asked for each notice: workers that came fresh have made their updates since.
            if (Read(notice.Json.Span) is { Run: { } run } said && (await RunHistory.RunsAsync(state, cancellationToken)).Contains(run))
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
