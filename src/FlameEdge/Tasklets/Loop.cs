namespace FlameEdge.Tasklets;

/// <summary>Repeats its body until the exit test holds. The test is asked before every pass, never in the middle of one.</summary>
public sealed record Loop(string Name, Func<bool> Exit, Step Body) : Step(Name)
{
    /// <summary>A loop named after its body.</summary>
    public static Loop Until(Func<bool> exit, Step body) => new($"({body.Name})*", exit, body);

    /// <inheritdoc/>
    public override async Task<Flow> RunAsync(CancellationToken cancellationToken)
    {
        while (!Exit())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await Body.RunAsync(cancellationToken) == Flow.Leave)
            {
                break;
            }
        }

        return Flow.Next;
    }
}
