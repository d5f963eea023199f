namespace FlameEdge.Tasklets;

/// <summary>A role's program: the steps its workers run. Built-in and user roles alike.</summary>
public interface IRole : IAsyncDisposable
{
    /// <summary>The work, from start to end of the job.</summary>
    Step Compose();
}
