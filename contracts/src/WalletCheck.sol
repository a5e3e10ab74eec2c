// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Wallet Check
/// @notice Deploys a wallet and asks it about a signature (ERC-6492) in one simulated call, the creation of this contract.
/// Never sent in a transaction: nothing is stored, and the returned word takes the place of the code.
contract WalletCheck {
    // A simulation has nothing to protect, and it has to call what the signature names.
    // slither-disable-start missing-zero-check,low-level-calls,assembly,redundant-statements

    /// @notice Return 1 as a word if the wallet accepts the signature (ERC-1271), else 0.
    /// @param wallet The wallet, deployed by the factory unless it has code.
    /// @param factory The contract that deploys the wallet.
    /// @param factoryCall The call of the factory.
    /// @param hash The hash that was signed.
    /// @param signature The signature as the wallet expects it.
    constructor(address wallet, address factory, bytes memory factoryCall, bytes32 hash, bytes memory signature) {
        if (wallet.code.length == 0) {
            // A factory that fails leaves no wallet, which the next check shows.
            (bool ignored,) = factory.call(factoryCall);
            ignored;
        }
        bool accepted = wallet.code.length != 0 && _accepts(wallet, hash, signature);
        assembly ("memory-safe") {
            mstore(0, accepted)
            return(0, 32)
        }
    }

    function _accepts(address wallet, bytes32 hash, bytes memory signature) private view returns (bool) {
        (bool success, bytes memory answer) =
            wallet.staticcall(abi.encodeCall(IERC1271.isValidSignature, (hash, signature)));
        return success && answer.length >= 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }
    // slither-disable-end missing-zero-check,low-level-calls,assembly,redundant-statements
}
