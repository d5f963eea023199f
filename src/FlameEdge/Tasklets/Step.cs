namespace FlameEdge.Tasklets;

/// <summary>What comes after a step.</summary>
public enum Flow
{
    /// <summary>The next step of the chain.</summary>
    Next,

    /// <summary>Back to the first step of the innermost loop; its exit test is asked first.</summary>
    Again,

    /// <summary>Out of the innermost loop.</summary>
    Leave,
}

/// <summary>A unit of a role's work, or several composed: <c>initialize &gt;&gt; Loop.Until(done, fetch &gt;&gt; train &gt;&gt; upload)</c>. Immutable.</summary>
public abstract record Step(string Name)
{
    /// <summary>Runs to the end; an exception ends the role.</summary>
    public abstract Task<Flow> RunAsync(CancellationToken cancellationToken);

    /// <summary>First <paramref name="left"/>, then <paramref name="right"/>.</summary>
    public static Chain operator >>(Step left, Step right) => Then(left, right);

    /// <summary>First <paramref name="left"/>, then <paramref name="right"/>.</summary>
    public static Chain Then(Step left, Step right) => new([.. Flatten(left), .. Flatten(right)]);

    private static IReadOnlyList<Step> Flatten(Step step) => step is Chain chain ? chain.Steps : [step];
}

/// <summary>One named piece of work.</summary>
public sealed record Tasklet(string Name, Func<CancellationToken, Task<Flow>> Work) : Step(Name)
{
    /// <summary>Work that always goes on to the next step.</summary>
    public Tasklet(string name, Func<CancellationToken, Task> work)
        : this(name, async cancellationToken =>
        {
            await work(cancellationToken);
            return Flow.Next;
        })
    {
    }

    /// <inheritdoc/>
    public override Task<Flow> RunAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Work(cancellationToken);
    }
}
