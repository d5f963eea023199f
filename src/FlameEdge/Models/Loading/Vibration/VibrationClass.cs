namespace FlameEdge.Models.Loading.Vibration;

/// <summary>The state of a machine that a window shows; the number is the class.</summary>
internal enum VibrationClass
{
    /// <summary>Nothing wrong: weak harmonics of the rotation over noise.</summary>
    Healthy = 0,

    /// <summary>The rotor's mass is off its axis: a strong first harmonic, growing with the square of the speed.</summary>
    Imbalance = 1,

    /// <summary>A pit in the outer race: every ball that rolls over it strikes the housing, which rings.</summary>
    BearingFault = 2,

    /// <summary>A loose foot: the motion is cut off on one side, hence many harmonics and halves of them.</summary>
    Looseness = 3,
}
