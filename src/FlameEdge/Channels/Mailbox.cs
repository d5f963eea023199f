using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace FlameEdge.Channels;

/// <summary>What waits for a role to read it.</summary>
/// <remarks>Messages need a slot, so a role that stops reading stops its senders instead of eating memory; arrivals and departures
/// always get in, because a role that misses one waits for the dead.</remarks>
internal sealed class Mailbox(int capacity, Action<long>? taken = null) : IDisposable
{
    private readonly Channel<Entry> entries = Channel.CreateUnbounded<Entry>();
    private readonly SemaphoreSlim slots = new(capacity, capacity);

    /// <summary>Takes a slot for one message if there is one.</summary>
    public bool TryReserve() => slots.Wait(0);

    /// <summary>Waits for a slot.</summary>
    public Task ReserveAsync(CancellationToken cancellationToken) => slots.WaitAsync(cancellationToken);

    /// <summary>Gives an unused slot back.</summary>
    public void Return() => slots.Release();

    /// <summary>Delivers a message into a reserved slot.</summary>
    public void Deliver(MessageArrived message) => Put(new Entry(message, HoldsSlot: true, Bytes: 0));

    /// <summary>Delivers a message whose <paramref name="bytes"/> somebody else bounds, who is told when the role has taken it.</summary>
    public void Deliver(MessageArrived message, long bytes) => Put(new Entry(message, HoldsSlot: false, bytes));

    /// <summary>Delivers an arrival or a departure.</summary>
    public void Announce(ChannelEvent presence) => Put(new Entry(presence, HoldsSlot: false, Bytes: 0));

    /// <summary>Everything in order of arrival, until the mailbox is disposed.</summary>
    public async IAsyncEnumerable<ChannelEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in entries.Reader.ReadAllAsync(cancellationToken))
        {
            Release(entry);
            yield return entry.Event;
        }
    }

    /// <summary>Ends the stream; what nobody has read gives its buffers back.</summary>
    public void Dispose()
    {
        entries.Writer.TryComplete();
        while (entries.Reader.TryRead(out var entry))
        {
            Release(entry);
            (entry.Event as IDisposable)?.Dispose();
        }
    }

    private void Put(Entry entry)
    {
        if (!entries.Writer.TryWrite(entry))
        {
            (entry.Event as IDisposable)?.Dispose();
        }
    }

    private void Release(Entry entry)
    {
        if (entry.HoldsSlot)
        {
            slots.Release();
        }

        if (entry.Bytes > 0)
        {
            taken?.Invoke(entry.Bytes);
        }
    }

    private readonly record struct Entry(ChannelEvent Event, bool HoldsSlot, long Bytes);
}
