using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Hosting;

/// <summary>Posts what one agent says of a job, in order and beside the work.</summary>
internal sealed class NoticeQueue : IAsyncDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    // A broker that is away must not hold up the job: the newest notice tells more than the oldest.
    private readonly Channel<(BulletinKind Kind, byte[] Json)> queue = Channel.CreateBounded<(BulletinKind, byte[])>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource stopping = new();
    private readonly IBulletin bulletin;
    private readonly JobId job;
    private readonly AgentId agent;
    private readonly Task pump;

    public NoticeQueue(IBulletin bulletin, JobId job, AgentId agent)
    {
        (this.bulletin, this.job, this.agent) = (bulletin, job, agent);
        pump = Task.Run(PumpAsync);
    }

    /// <summary>Says it as soon as the broker can be told.</summary>
    public void Post(BulletinKind kind, byte[] json) => queue.Writer.TryWrite((kind, json));

    /// <summary>Sends what is still to be said, within a bound.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        stopping.CancelAfter(Farewell);
        await pump;
        stopping.Dispose();
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var (kind, json) in queue.Reader.ReadAllAsync(stopping.Token))
            {
                await SendAsync(kind, json);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Said enough.
        }
    }

    private async Task SendAsync(BulletinKind kind, byte[] json)
    {
        try
        {
            await bulletin.PostAsync(BulletinTopic.OfJob(job, agent, kind), json, stopping.Token);
        }
        catch (ChannelException)
        {
            // People's notices are a courtesy; the retained ones are repeated after the next connect.
        }
    }
}
