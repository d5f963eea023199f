using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Control.Content;

/// <summary>Content by its hash between the two ends of a <c>spec</c> channel: either side serves what it has and fetches what it lacks; small notes go both ways. Thread-safe.</summary>
public sealed class ContentExchange : IAsyncDisposable
{
    private const MessageKind Ask = (MessageKind)16;
    private const MessageKind Content = (MessageKind)17;
    private const MessageKind Absent = (MessageKind)18;
    private const MessageKind Note = (MessageKind)19;
    private const int HashLength = 64;
    private static readonly TimeSpan MeetingBound = TimeSpan.FromSeconds(5);

    // Answers under way at once: each may be a whole model.
    private readonly SemaphoreSlim answering = new(4);
    private readonly ConcurrentDictionary<(WorkerId From, string Hash), TaskCompletionSource<byte[]?>> asked = new();
    private readonly ConcurrentDictionary<Task, byte> answers = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly IChannel channel;
    private readonly TimeProvider time;
    private readonly Func<string, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> find;
    private readonly Action<WorkerId, ReadOnlyMemory<byte>> told;
    private readonly Action<Peer> joined;
    private readonly Task pump;
    private Signal arrivals = new();

    /// <param name="channel">One end, opened and not joined; disposed with this.</param>
    /// <param name="time">The clock of bounds.</param>
    /// <param name="find">Content this side serves, by SHA-256 in lower-case hex; null for what it lacks.</param>
    /// <param name="told">Hears notes of peers; must be quick.</param>
    /// <param name="joined">Hears of peers that are there (again); must be quick.</param>
    public ContentExchange(
        IChannel channel, TimeProvider time, Func<string, CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> find, Action<WorkerId, ReadOnlyMemory<byte>>? told = null, Action<Peer>? joined = null)
    {
        this.channel = channel;
        this.time = time;
        this.find = find;
        this.told = told ?? ((_, _) => { });
        this.joined = joined ?? (_ => { });
        pump = Task.Run(PumpAsync);
    }

    /// <summary>The peers present.</summary>
    public IReadOnlyList<Peer> Peers => channel.Peers;

    /// <summary>The channel itself, for a new placement.</summary>
    public IPlacedChannel? Placed => channel as IPlacedChannel;

    /// <summary>The name of <paramref name="content"/>: SHA-256 in lower-case hex.</summary>
    public static string HashOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Takes its place on the channel.</summary>
    public Task JoinAsync(CancellationToken cancellationToken) => channel.JoinAsync(new PeerCard(0), cancellationToken);

    /// <summary>Content of a peer, checked against its name. Waits for a peer that is not there yet.</summary>
    /// <exception cref="ChannelException">The peer did not come, does not have it, or did not answer within <paramref name="bound"/>.</exception>
    public async Task<byte[]> FetchAsync(WorkerId from, string hash, TimeSpan bound, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(bound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken, stopping.Token);
        try
        {
            while (true)
            {
                await ThereAsync(from, either.Token);
                var arrived = asked.GetOrAdd((from, hash), _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
                try
                {
                    var gone = GoneAsync(from, either.Token);
                    await channel.SendAsync(from, new Message { Kind = Ask, Head = Encoding.ASCII.GetBytes(hash) }, either.Token);
                    if (await Task.WhenAny(arrived.Task, gone).WaitAsync(either.Token) == arrived.Task)
                    {
                        return await arrived.Task ?? throw new ChannelException($"{from} does not have content {hash[..12]} of job '{channel.Endpoint.Job}'") { Fault = ChannelFault.Refused };
                    }
                }
                catch (ChannelException exception) when (exception.Fault is ChannelFault.PeerLeft or ChannelFault.TimedOut)
                {
                    // It comes back, or the bound ends it.
                }
                finally
                {
                    asked.TryRemove((from, hash), out _);
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ChannelException($"{from} did not hand over content {hash[..Math.Min(12, hash.Length)]} of job '{channel.Endpoint.Job}' within {bound.TotalSeconds:0} s; is it running, and may it write to the job's topics?") { Fault = ChannelFault.TimedOut };
        }
    }

    /// <summary>Tells a peer something small: JSON by convention, up to 16 KiB.</summary>
    public Task TellAsync(WorkerId to, ReadOnlyMemory<byte> note, CancellationToken cancellationToken) =>
        channel.SendAsync(to, new Message { Kind = Note, Head = note }, cancellationToken);

    /// <summary>Leaves the channel and closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await pump;
        await Task.WhenAll(answers.Keys);
        await channel.DisposeAsync();
        answering.Dispose();
    }

    private async Task ThereAsync(WorkerId peer, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Volatile.Read(ref arrivals).Task;
            if (channel.Peers.Any(present => present.Worker == peer))
            {
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    // Who asks may have seen us before we see him.
    private async Task MeetAsync(WorkerId peer)
    {
        using var limit = new CancellationTokenSource(MeetingBound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping.Token);
        await ThereAsync(peer, either.Token);
    }

    private async Task GoneAsync(WorkerId peer, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Volatile.Read(ref arrivals).Task;
            if (channel.Peers.All(present => present.Worker != peer))
            {
                return;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var item in channel.ReceiveAsync(stopping.Token))
            {
                switch (item)
                {
                    case MessageArrived arrived:
                        using (arrived)
                        {
                            Take(arrived);
                        }

                        break;
                    case PeerJoined peer:
                        Interlocked.Exchange(ref arrivals, new Signal()).Set();
                        joined(peer.Peer);
                        break;
                    default:
                        Interlocked.Exchange(ref arrivals, new Signal()).Set();
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private void Take(MessageArrived arrived)
    {
        var head = arrived.Message.Head;
        if (arrived.Message.Kind == Note)
        {
            told(arrived.Worker, head.ToArray());
            return;
        }

        if (head.Length != HashLength)
        {
            return;
        }

        var hash = Encoding.ASCII.GetString(head.Span);
        switch (arrived.Message.Kind)
        {
            case Ask:
                var answer = AnswerAsync(arrived.Worker, hash);
                answers.TryAdd(answer, 0);
                _ = answer.ContinueWith(done => answers.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                break;
            case Content when arrived.Message.Body.ToArray() is var body && asked.TryGetValue((arrived.Worker, hash), out var wanted) && HashOf(body) == hash:
                wanted.TrySetResult(body);
                break;
            case Absent when asked.TryGetValue((arrived.Worker, hash), out var wanted):
                wanted.TrySetResult(null);
                break;
            default:
                break;
        }
    }

    private async Task AnswerAsync(WorkerId to, string hash)
    {
        await Task.Yield();
        try
        {
            await MeetAsync(to);
            await answering.WaitAsync(stopping.Token);
            try
            {
                var content = await find(hash, stopping.Token);
                var head = Encoding.ASCII.GetBytes(hash);
                var answer = content is { } found ? new Message { Kind = Content, Head = head, Body = new ReadOnlySequence<byte>(found) } : new Message { Kind = Absent, Head = head };
                await channel.SendAsync(to, answer, stopping.Token);
            }
            finally
            {
                answering.Release();
            }
        }
        catch (Exception exception) when (exception is ChannelException or OperationCanceledException or StateException)
        {
            // Who still wants it asks again.
        }
    }

    private sealed class Signal
    {
        private readonly TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => source.Task;

        public void Set() => source.TrySetResult();
    }
}
