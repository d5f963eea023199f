using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Testing.Channels;

/// <summary>A channel with somebody on it who reads: what happened is kept and can be waited for, always within a bound.</summary>
public sealed class Seat : IAsyncDisposable
{
    /// <summary>What a wait may take on a machine that many share; a test that passes takes a fraction of it.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly List<ChannelEvent> events = [];
    private readonly Task reading;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Seat(IChannel channel)
    {
        Channel = channel;
        reading = ReadAsync();
    }

    public IChannel Channel { get; }

    public IReadOnlyList<ChannelEvent> Events
    {
        get
        {
            lock (gate)
            {
                return [.. events];
            }
        }
    }

    public IEnumerable<Received> Messages => Events.OfType<Received>();

    public static async Task<Seat> TakeAsync(IChannelBackend backend, ChannelEndpoint endpoint, long samples = 0)
    {
        var seat = new Seat(await backend.OpenAsync(endpoint, CancellationToken.None));
        await seat.Channel.JoinAsync(new PeerCard(samples), CancellationToken.None).WaitAsync(Bound);
        return seat;
    }

    /// <summary>Waits until what happened so far satisfies <paramref name="condition"/>.</summary>
    public async Task UntilAsync(Func<IReadOnlyList<ChannelEvent>, bool> condition, string what)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            Task next;
            IReadOnlyList<ChannelEvent> soFar;
            lock (gate)
            {
                next = changed.Task;
                soFar = [.. events];
            }

            if (condition(soFar))
            {
                return;
            }

            try
            {
                await next.WaitAsync(bound.Token);
            }
            catch (OperationCanceledException exception)
            {
                throw new TimeoutException($"{Channel.Endpoint.Self} waited {Bound.TotalSeconds:0} s for: {what}. It saw: {string.Join(", ", soFar)}", exception);
            }
        }
    }

    public Task MeetsAsync(params WorkerId[] workers) =>
        UntilAsync(_ => workers.All(worker => Channel.Peers.Any(peer => peer.Worker == worker)), $"presence of {string.Join(", ", workers)}");

    public Task ReceivesAsync(int count) => UntilAsync(events => events.OfType<Received>().Count() >= count, $"{count} messages");

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await stopping.CancelAsync();
        await reading;
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var happened in Channel.ReceiveAsync(stopping.Token))
            {
                var kept = happened;
                if (happened is MessageArrived arrived)
                {
                    kept = new Received(arrived.Worker, arrived.Message.Kind, arrived.Message.Round, arrived.Message.Head.ToArray(), arrived.Message.Body.ToArray());
                    arrived.Dispose();
                }

                lock (gate)
                {
                    events.Add(kept);
                    changed.TrySetResult();
                    changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}

/// <summary>A message that was read, copied out of its buffers.</summary>
public sealed record Received(WorkerId From, MessageKind Kind, int Round, byte[] Head, byte[] Body) : ChannelEvent(From)
{
    public override string ToString() => $"message {Kind} of round {Round} from {From}, {Body.Length} bytes";
}
