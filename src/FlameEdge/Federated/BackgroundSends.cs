using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated;

/// <summary>Sends that go on while a round collects; all end with it. A send that fails is repeated while its receiver is still wanted.</summary>
internal sealed partial class BackgroundSends(IChannel channel, TimeProvider time, ILogger logger, CancellationToken cancellationToken) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private readonly List<Task> running = [];

    /// <summary>Sends to one worker until it has the message or <paramref name="isWanted"/> says no, which may be asked on any thread.</summary>
    public void Send(WorkerId to, Func<Message> message, Func<bool> isWanted) => Start(async token =>
    {
        while (isWanted())
        {
            try
            {
                await channel.SendAsync(to, message(), token);
                return;
            }
            catch (ChannelException error)
            {
                // What is no longer wanted has cost nobody anything: a device that dies would bring a line for every round it was told of.
                if (isWanted())
                {
                    LogRepeated(logger, to, error.Message);
                    await Task.Delay(Pause, time, token);
                }
            }
        }
    });

    /// <summary>Broadcasts once; whoever lags is served by the channel.</summary>
    public void Broadcast(Message message, int quorum) => Start(async token =>
    {
        try
        {
            await channel.BroadcastAsync(message, quorum, token);
        }
        catch (ChannelException error)
        {
            LogRepeated(logger, new WorkerId("everyone"), error.Message);
        }
    });

    /// <summary>Ends all sends that are still under way and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running);
        stopping.Dispose();
    }

    private void Start(Func<CancellationToken, Task> send)
    {
        running.RemoveAll(task => task.IsCompletedSuccessfully);
        running.Add(RunAsync(send));
    }

    private async Task RunAsync(Func<CancellationToken, Task> send)
    {
        try
        {
            await send(stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The round is over.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "sending to {Worker} did not succeed: {Cause}")]
    private static partial void LogRepeated(ILogger logger, WorkerId worker, string cause);
}
