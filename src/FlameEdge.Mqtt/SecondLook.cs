using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt;

/// <summary>Asks the broker again for what should stand retained and was not told: a message that is retained in the same instant as somebody subscribes
/// may reach him neither way (seen on the embedded broker; clusters give no promise at all).</summary>
/// <param name="ask">Subscribes once more, so that everything retained is told again.</param>
/// <param name="isMissing">Whether anything is missing.</param>
/// <param name="time">The clock.</param>
internal sealed class SecondLook(Func<CancellationToken, Task> ask, Func<bool> isMissing, TimeProvider time) : IAsyncDisposable
{
    // Who is not there at all must not cost a subscription a second.
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Seldom = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim hurry = new(0, 1);
    private Task looking = Task.CompletedTask;

    /// <summary>Begins; once.</summary>
    public void Start() => looking = LookAsync();

    /// <summary>There is proof that something is missing: look within a second.</summary>
    public void Hurry()
    {
        try
        {
            hurry.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is on its way.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await looking;
        hurry.Dispose();
        stopping.Dispose();
    }

    private async Task LookAsync()
    {
        try
        {
            for (var pause = Soonest; ;)
            {
                await Task.Delay(Soonest, time, stopping.Token);
                var isProven = await WaitAsync(pause - Soonest);
                pause = isProven ? Soonest : pause < Seldom ? pause * 2 : Seldom;
                if (isProven || isMissing())
                {
                    await ask(stopping.Token);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelException)
        {
            // Over, or not allowed to subscribe, which whoever subscribed first has been told.
        }
    }

    private async Task<bool> WaitAsync(TimeSpan wait)
    {
        using var over = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stopping.Token);
        try
        {
            await hurry.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }
}
