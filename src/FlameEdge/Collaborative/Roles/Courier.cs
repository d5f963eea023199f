using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Sends beside the work, to each worker in order; what cannot be handed over is tried again until its time is over. A site that learns never waits for the network.</summary>
internal sealed partial class Courier(TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private const int MostWaiting = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<(IChannel Channel, WorkerId To), (ChannelWriter<Letter> Letters, Task Sending)> rounds = [];

    /// <summary>Sends a message, for at most <paramref name="patience"/>. Of too many that wait for one worker the oldest are dropped: newer ones say more.</summary>
    public void Post(IChannel channel, WorkerId to, Message message, TimeSpan patience)
    {
        if (!rounds.TryGetValue((channel, to), out var round))
        {
            var letters = Channel.CreateBounded<Letter>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
            rounds[(channel, to)] = round = (letters.Writer, Task.Run(() => SendAsync(channel, to, letters.Reader)));
        }

        round.Letters.TryWrite(new Letter(message, time.GetTimestamp(), patience));
    }

    /// <summary>Waits until everything has been handed over or given up, at most so long.</summary>
    public async Task FinishAsync(TimeSpan bound)
    {
        foreach (var (letters, _) in rounds.Values)
        {
            letters.TryComplete();
        }

        stopping.CancelAfter(bound);
        await Task.WhenAll(rounds.Values.Select(round => round.Sending));
        rounds.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await FinishAsync(TimeSpan.Zero);
        stopping.Dispose();
    }

    private async Task SendAsync(IChannel channel, WorkerId to, ChannelReader<Letter> letters)
    {
        try
        {
            await foreach (var letter in letters.ReadAllAsync(stopping.Token))
            {
                await SendAsync(channel, to, letter);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The worker takes its leave.
        }
    }

    private async Task SendAsync(IChannel channel, WorkerId to, Letter letter)
    {
        while (true)
        {
            try
            {
                await channel.SendAsync(to, letter.Message, stopping.Token);
                return;
            }
            catch (ChannelException error)
            {
                if (time.GetElapsedTime(letter.Since) > letter.Patience)
                {
                    LogDropped(logger, letter.Message.Kind, to, error.Message);
                    return;
                }

                await Task.Delay(Pause, time, stopping.Token);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "a {Kind} for {Worker} was given up: {Cause}")]
    private static partial void LogDropped(ILogger logger, MessageKind kind, WorkerId worker, string cause);

    private readonly record struct Letter(Message Message, long Since, TimeSpan Patience);
}
