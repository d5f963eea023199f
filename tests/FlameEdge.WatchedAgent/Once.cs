using FlameEdge.Tasklets;

namespace FlameEdge.WatchedAgent;

/// <summary>A role that holds a file's lock from its first step to its end. The system gives the lock back when the process dies, however it dies, so whoever finds it taken runs beside another.</summary>
internal sealed class Once(IRole role, string worker) : IRole
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("WATCHED_LOCKS");
    private FileStream? held;

    public Step Compose() => new Tasklet("hold", Hold) >> role.Compose();

    public async ValueTask DisposeAsync()
    {
        await role.DisposeAsync();
        held?.Dispose();
    }

    private Task Hold(CancellationToken cancellationToken)
    {
        if (Folder is null)
        {
            return Task.CompletedTask;
        }

        try
        {
            held = new FileStream(Path.Combine(Folder, worker), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            File.AppendAllText(Path.Combine(Folder, "twice"), $"{worker}\n");
            throw;
        }

        File.AppendAllText(Path.Combine(Folder, "starts"), $"{worker}\n");
        return Task.CompletedTask;
    }
}
