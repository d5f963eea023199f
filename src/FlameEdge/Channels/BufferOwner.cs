namespace FlameEdge.Channels;

/// <summary>Gives a message's buffer back once, however often it is disposed.</summary>
internal sealed class BufferOwner(Action release) : IDisposable
{
    private Action? release = release;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
