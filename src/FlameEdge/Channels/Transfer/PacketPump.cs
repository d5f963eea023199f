using System.Threading.Channels;

namespace FlameEdge.Channels.Transfer;

/// <summary>Moves packets to the port: answers and small messages at once, bulk as its concurrency allows.</summary>
internal sealed class PacketPump : IAsyncDisposable
{
    // Everything queued here is repeated by its protocol until it is answered, so a full queue may lose the oldest.
    private const int QueueCapacity = 4096;
    private const int SmallConcurrency = 4;

    private readonly IPacketPort port;
    private readonly Lock gate;
    private readonly Func<Outbound?> takeBulk;
    private readonly Action<long> count;
    private readonly Channel<Outbound> small = Bounded();
    private readonly Channel<Outbound> bulk = Bounded();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task[] loops;
    private TaskCompletionSource bulkReady = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="port">Where packets go.</param>
    /// <param name="gate">The exchange's lock; guards <paramref name="takeBulk"/> and <see cref="Outbound.Sent"/>.</param>
    /// <param name="takeBulk">Gives the next chunk that may go, or null.</param>
    /// <param name="bulkConcurrency">Chunks under way at once.</param>
    /// <param name="count">Told the bytes of every packet that goes.</param>
    public PacketPump(IPacketPort port, Lock gate, Func<Outbound?> takeBulk, int bulkConcurrency, Action<long> count)
    {
        this.port = port;
        this.gate = gate;
        this.takeBulk = takeBulk;
        this.count = count;
        loops = [.. Enumerable.Range(0, SmallConcurrency).Select(_ => PumpSmallAsync()), .. Enumerable.Range(0, bulkConcurrency).Select(_ => PumpBulkAsync())];
    }

    /// <summary>Queues a packet; never waits.</summary>
    public void Post(Outbound packet)
    {
        (packet.IsBulk ? bulk : small).Writer.TryWrite(packet);
        if (packet.IsBulk)
        {
            Wake();
        }
    }

    /// <summary>There may be chunks to take. Called under the lock.</summary>
    public void Wake()
    {
        bulkReady.TrySetResult();
        bulkReady = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        small.Writer.TryComplete();
        await Task.WhenAll(loops);
        stopping.Dispose();
    }

    private static Channel<Outbound> Bounded() =>
        Channel.CreateBounded<Outbound>(new BoundedChannelOptions(QueueCapacity) { FullMode = BoundedChannelFullMode.DropOldest });

    private async Task PumpSmallAsync()
    {
        try
        {
            await foreach (var packet in small.Reader.ReadAllAsync(stopping.Token))
            {
                await SendAsync(packet);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed: what was queued is void.
        }
    }

    private async Task PumpBulkAsync()
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                Outbound? packet;
                Task ready;
                lock (gate)
                {
                    ready = bulkReady.Task;
                    packet = bulk.Reader.TryRead(out var queued) ? queued : takeBulk();
                }

                if (packet is null)
                {
                    await ready.WaitAsync(stopping.Token);
                    continue;
                }

                await SendAsync(packet);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed: what was queued is void.
        }
    }

    private async Task SendAsync(Outbound packet)
    {
        try
        {
            // The checksum is made here, where nobody waits for the lock. Counted as it goes: the receiver may have it before the broker's confirmation is here.
            var bytes = packet.Header.ToPacket(packet.Payload);
            count(bytes.Length);
            await port.SendAsync(packet.To, bytes, packet.IsBulk, stopping.Token);
        }
        finally
        {
            if (packet.Sent is not null)
            {
                lock (gate)
                {
                    packet.Sent();
                }
            }
        }
    }
}
