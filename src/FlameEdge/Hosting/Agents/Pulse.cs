namespace FlameEdge.Hosting.Agents;

/// <summary>Wakes whoever waits. Take <see cref="Next"/> before looking at what may change: a pulse in between is then not missed.</summary>
internal sealed class Pulse
{
    private TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Next => Volatile.Read(ref source).Task;

    public void Send() => Interlocked.Exchange(ref source, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Waits for any of <paramref name="events"/>, at most for so long.</summary>
    public static async Task AnyAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken, params Task[] events)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny([.. events, Task.Delay(atMost, time, over.Token)]);
        await over.CancelAsync();
    }
}
