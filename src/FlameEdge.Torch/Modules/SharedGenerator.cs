using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>Torch's own generator, which the whole process shares: who draws from it takes a turn, so that a seed always gives the same numbers.</summary>
internal static class SharedGenerator
{
    private static readonly Lock s_turn = new();

    /// <summary>Waits for the turn and begins it at <paramref name="seed"/>; it ends with disposal.</summary>
    public static Lock.Scope Seed(ulong seed)
    {
        var turn = s_turn.EnterScope();
        manual_seed(unchecked((long)seed));
        return turn;
    }
}
